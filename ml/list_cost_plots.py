"""The figure of what lists cost that are ordered by more than the chance of being taken."""

import pandas as pd
from matplotlib.figure import Figure

from ml.plot_style import GREY, add_legend, add_titles, clean, line_styles, new_panels

# Choices for lists that change the more, the lower their strength.
WEAKER_WHEN_HIGHER = ("category_limit", "mmr")


def list_cost_figure(costs: pd.DataFrame, measures: dict[str, str]) -> Figure:
    """Draw what lists gain from each choice against what it costs.

    Parameters
    ----------
    costs : DataFrame
        ``choice``, ``strength``, ``difference``, ``lower``, ``upper`` and the
        columns of `measures`; one row has the choice ``plain``.
    measures : dict of str to str
        Column to what a reader calls it; one panel each. Columns without any
        value are left out.

    Returns
    -------
    Figure
        Each line begins at the plain lists and follows a choice from weak to
        strong; bars are 95% intervals of the difference in nDCG@10.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    drawn = {name: label for name, label in measures.items() if costs[name].notna().any()}
    if not drawn:
        raise ValueError("no measure of the lists has a value")
    figure, panels = new_panels(1.5 + 3.4 * len(drawn), 4.2, len(drawn))
    plain = costs.loc[costs["choice"] == "plain"]
    styles = line_styles(costs.loc[costs["choice"] != "plain", "choice"], "")
    for axes, (name, label) in zip(panels, drawn.items(), strict=True):
        clean(axes)
        for choice, style in styles.items():
            rows = costs.loc[costs["choice"] == choice]
            rows = rows.sort_values("strength", ascending=choice not in WEAKER_WHEN_HIGHER)
            line = pd.concat([plain, rows])
            bars = [line["difference"] - line["lower"], line["upper"] - line["difference"]]
            axes.errorbar(
                line[name], line["difference"], bars, label=choice, marker="o", capsize=2, **style
            )
        axes.axhline(0, color=GREY, linewidth=1, zorder=1)
        axes.set_xlabel(label)
    panels[0].set_ylabel("change of nDCG@10")
    add_titles(panels[0], "What lists gain, and what it costs", "From the plain list at 0.")
    add_legend(panels[-1])
    return figure
