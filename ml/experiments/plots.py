"""Figures about experiments; whoever calls decides where they are saved."""

import pandas as pd
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ml.experiments.units import SHARE
from ml.plot_style import COLOURS, GREY, add_legend, add_titles, new_figure


def lift_figure(looks: pd.DataFrame, title: str, unit: str) -> Figure:
    """Draw how the difference to control became known, day by day.

    Parameters
    ----------
    looks : DataFrame
        Of `experiment_looks`, of one experiment and metric, one row at least.
    title : str
        What the metric is called.
    unit : str
        Of the metric; differences of a `share` are drawn in percentage points.

    Returns
    -------
    Figure
        A line and its confidence sequence for each arm, around no difference.
    """
    figure, axes = new_figure(7.2, 4.0)
    axes.axhline(0.0, color=GREY, linestyle="--", linewidth=1, zorder=1)
    for place, (variant, rows) in enumerate(looks.groupby("variant", sort=True)):
        colour, ordered = COLOURS[place % len(COLOURS)], rows.sort_values("exposed_date")
        days = ordered["exposed_date"]
        axes.fill_between(days, ordered["lower"], ordered["upper"], color=colour, alpha=0.18)
        axes.plot(days, ordered["difference"], color=colour, linewidth=2, label=str(variant))
    # The first looks are so uncertain that they would flatten all others.
    settled = looks.loc[looks["exposed_date"] >= looks["exposed_date"].quantile(0.25)]
    low, high = min(settled["lower"].min(), 0.0), max(settled["upper"].max(), 0.0)
    margin = 0.06 * ((high - low) or 1.0)
    axes.set_ylim(low - margin, high + margin)
    axes.set_ylabel("difference to control")
    if unit == SHARE:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
        axes.set_ylabel("difference to control, percentage points")
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_xlabel("users exposed until")
    add_titles(
        axes, f"{title}: difference to control", "95% confidence sequence, valid at every look"
    )
    add_legend(axes)
    return figure


def return_figure(survival: pd.DataFrame) -> Figure:
    """Draw which share of the users has come back by each day.

    Parameters
    ----------
    survival : DataFrame
        Of `return_survival`, of one experiment, one row at least.
    """
    figure, axes = new_figure(7.2, 4.0)
    for place, (variant, rows) in enumerate(survival.groupby("variant", sort=True)):
        colour, ordered = COLOURS[place % len(COLOURS)], rows.sort_values("day_number")
        days = ordered["day_number"]
        axes.fill_between(
            days, 1 - ordered["upper"], 1 - ordered["lower"], color=colour, alpha=0.18
        )
        axes.plot(days, 1 - ordered["away_share"], color=colour, linewidth=2, label=str(variant))
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("users who have come back")
    axes.set_xlabel("day after the exposure")
    add_titles(axes, "How soon users come back", "95% interval of each day by itself")
    add_legend(axes)
    return figure
