"""Figures about a release; whoever calls decides where they are saved."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from ml.plot_style import (
    COLOURS,
    GREY,
    add_legend,
    add_titles,
    clean,
    line_styles,
    new_figure,
    new_panels,
    wilson_interval,
)


def calibration_figure(reliability: pd.DataFrame, calibration_error: float) -> Figure:
    """Draw predicted against observed rates; on the diagonal they agree.

    Parameters
    ----------
    reliability : DataFrame
        Of `ranker_quality`.
    calibration_error : float
        Mean gap between the two, in [0, 1].

    Returns
    -------
    Figure
        Logarithmic axes when no rate is zero, for most candidates are
        unlikely; bars are 95% intervals of the observed rate (Wilson).
    """
    figure, axes = new_figure(5.6, 5.8)
    predicted, observed = reliability["mean_score"], reliability["observed_rate"]
    lower, upper = wilson_interval(observed.to_numpy(), reliability["candidate_count"].to_numpy())
    bars = np.vstack([np.maximum(observed - lower, 0), np.maximum(upper - observed, 0)])
    rates = np.r_[predicted, observed]
    logarithmic = bool(rates.min() > 0)
    low, high = (rates.min() / 1.6, rates.max() * 1.6) if logarithmic else (0, rates.max() * 1.1)
    axes.plot([low, high], [low, high], color=GREY, linestyle="--", linewidth=1, zorder=1)
    axes.errorbar(
        predicted, observed, bars, fmt="o", color=COLOURS[0], capsize=3, markersize=6, zorder=2
    )
    if logarithmic:
        axes.set(xscale="log", yscale="log")
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(
            FuncFormatter(lambda share, _: f"{share:.3g}".replace("e-0", "e-"))
        )
    axes.set_xlabel("mean predicted probability of a bin of candidates")
    axes.set_ylabel("share that was taken")
    add_titles(
        axes,
        f"Probabilities are off by {100 * calibration_error:.2f} points",
        "Mean gap, percentage points. Dashed: agreement. Bars: 95% intervals.",
    )
    return figure


def metric_figure(intervals: pd.DataFrame, metric: str, judged: str, label: str) -> Figure:
    """Draw the mean of one metric for every system, with its interval.

    Parameters
    ----------
    intervals : DataFrame
        Of `metric_intervals`.
    metric : str
        Which of its metrics.
    judged : str
        System in colour; the others are grey.
    label : str
        The metric as a reader knows it, such as ``nDCG@10``.

    Returns
    -------
    Figure
        One panel per setting, systems from best to worst.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    chosen = intervals.loc[intervals["metric"] == metric]
    if chosen.empty:
        raise ValueError(f"no intervals of {metric!r}")
    settings = sorted(chosen["setting"].unique())
    rows = int(chosen.groupby("setting").size().max())
    figure, panels = new_panels(1.5 + 4.6 * len(settings), 1.9 + 0.42 * rows, len(settings))
    for axes, setting in zip(panels, settings, strict=True):
        bars = chosen.loc[chosen["setting"] == setting].sort_values("value", ignore_index=True)
        _draw_bars(axes, bars, judged)
        axes.set_xlabel(f"{label}, mean over {bars['user_count'].max():,} users")
        add_titles(axes, _verdict(bars, judged), f"{setting.replace('_', ' ')}, 95% intervals")
    return figure


def exposure_figure(counts: pd.DataFrame, catalogue_size: int, judged: str) -> Figure:
    """Draw how the places of the lists are shared among items.

    Parameters
    ----------
    counts : DataFrame
        ``system``, ``item_id`` and ``list_count`` of one setting (of
        `exposure_counts`).
    catalogue_size : int
        Items there are, listed or not.
    judged : str
        System in the first colour.

    Returns
    -------
    Figure
        Share of all places that the most listed items take.
    """
    figure, axes = new_figure(7.2, 4.4)
    tenth = {}
    for system, style in line_styles(counts["system"], judged).items():
        listed = np.sort(counts.loc[counts["system"] == system, "list_count"].to_numpy())[::-1]
        shares = np.r_[0, np.cumsum(listed) / listed.sum()]
        items = np.arange(shares.size) / catalogue_size
        axes.plot(np.r_[items, 1], np.r_[shares, 1], label=system, **style)
        tenth[system] = float(np.interp(0.1, np.r_[items, 1], np.r_[shares, 1]))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, zorder=1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.set_xlabel("share of the catalogue, most listed items first")
    axes.set_ylabel("share of all places in lists")
    add_legend(axes)
    shown = tenth.get(judged)
    found = "How places are shared" if shown is None else f"A tenth of the items fills {shown:.0%}"
    add_titles(
        axes, f"{found} of the places" if shown is not None else found, "Grey: all items alike."
    )
    return figure


def coverage_figure(coverage: pd.DataFrame, judged: str) -> Figure:
    """Draw how much of the catalogue is reached down to each rank.

    Parameters
    ----------
    coverage : DataFrame
        ``system``, ``rank`` and ``coverage`` of one setting (of
        `coverage_by_depth`).
    judged : str
        System in the first colour.

    Returns
    -------
    Figure
        One line per system.
    """
    figure, axes = new_figure(7.2, 4.4)
    last = {}
    for system, style in line_styles(coverage["system"], judged).items():
        line = coverage.loc[coverage["system"] == system].sort_values("rank")
        axes.plot(line["rank"], line["coverage"], label=system, **style)
        last[system] = float(line["coverage"].iloc[-1])
    depth = int(coverage["rank"].max())
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set(xlim=(1, depth), ylim=(0, max(1.08 * max(last.values()), 0.01)))
    axes.set_xlabel("rank in the list")
    axes.set_ylabel("share of the catalogue in some list")
    add_legend(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    shown = last.get(judged)
    found = "How much is listed" if shown is None else f"{shown:.0%} of the items are in some list"
    add_titles(axes, found, f"Down to rank {depth}.")
    return figure


def _draw_bars(axes: Axes, bars: pd.DataFrame, judged: str) -> None:
    """Bars with intervals and numbers, from the bottom up."""
    clean(axes, grid="x")
    colours = [COLOURS[0] if system == judged else GREY for system in bars["system"]]
    axes.barh(bars["system"], bars["value"], color=colours, height=0.62)
    gaps = [bars["value"] - bars["lower"], bars["upper"] - bars["value"]]
    axes.errorbar(bars["value"], bars["system"], xerr=gaps, fmt="none", ecolor="black", capsize=3)
    ends = bars["upper"].fillna(bars["value"])
    for place, (end, value) in enumerate(zip(ends, bars["value"], strict=True)):
        axes.annotate(f"{value:.3f}", (end, place), (6, 0), textcoords="offset points", va="center")
    axes.set_xlim(0, 1.18 * float(ends.max()) or 1.0)


def _verdict(bars: pd.DataFrame, judged: str) -> str:
    """Say how the judged system stands against the best other."""
    values = bars.set_index("system")["value"]
    others = values.drop(judged, errors="ignore")
    if judged not in values or others.empty or others.max() == 0:
        return "Means of all systems"
    change = values[judged] / others.max() - 1
    direction = "above" if change >= 0 else "below"
    return f"{judged}: {abs(change):.0%} {direction} {others.idxmax()}"
