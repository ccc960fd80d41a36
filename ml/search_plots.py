"""Figures about a search for better settings."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ml.plot_style import COLOURS, GREY, add_titles, clean, new_figure, new_panels


def history_figure(trials: pd.DataFrame, part: str) -> Figure:
    """Draw the value of each trial, and the best so far.

    Parameters
    ----------
    trials : DataFrame
        ``trial_number``, ``value`` and ``is_present`` of the complete trials of one study.
    part : str
        What was searched.

    Returns
    -------
    Figure
        The dashed line is the value of the present settings.
    """
    figure, axes = new_figure(7.2, 4.4)
    ordered = trials.sort_values("trial_number")
    axes.scatter(ordered["trial_number"], ordered["value"], color=GREY, s=18, zorder=2)
    best = ordered["value"].cummax()
    axes.step(ordered["trial_number"], best, where="post", color=COLOURS[0], linewidth=2)
    present = ordered.loc[ordered["is_present"], "value"]
    found = f"{part}: {best.iloc[-1]:.4f} after {len(ordered)} trials"
    if not present.empty:
        axes.axhline(present.iloc[0], color="black", linestyle="--", linewidth=1)
        found += f", {present.iloc[0]:.4f} before"
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel("nDCG@10 on the folds")
    add_titles(axes, found, "Line: the best so far. Dashed: the present settings.")
    return figure


def slice_figure(trials: pd.DataFrame, importances: dict[str, float], part: str) -> Figure:
    """Draw the value of each trial against each setting.

    Parameters
    ----------
    trials : DataFrame
        ``value``, ``is_present`` and a column for each setting, of the complete trials of one
        study.
    importances : dict of str to float
        Share of the differences that a setting explains; may be empty.
    part : str
        What was searched.

    Returns
    -------
    Figure
        One panel a setting, the most important first; the mark is the present one.
    """
    names = [str(name) for name in trials if name not in {"trial_number", "value", "is_present"}]
    names.sort(key=lambda name: (-importances.get(name, 0.0), name))
    figure, panels = new_panels(2.6 * len(names), 3.6, len(names))
    for axes, name in zip(panels, names, strict=True):
        clean(axes, "both")
        axes.scatter(trials[name], trials["value"], color=GREY, s=14)
        present = trials.loc[trials["is_present"]]
        axes.scatter(present[name], present["value"], color=COLOURS[1], marker="D", s=36, zorder=3)
        values = trials[name].to_numpy(dtype=np.float64)
        if values.min() > 0 and values.max() > 10 * values.min():
            axes.set_xscale("log")
        share = f", explains {importances[name]:.0%}" if name in importances else ""
        axes.set_title(f"{name}{share}", loc="left", fontsize=8)
    panels[0].set_ylabel(f"{part}: nDCG@10 on the folds")
    return figure
