"""Figures about what the ranker rests on; whoever calls decides where they are saved."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ml.plot_style import COLOURS, GREY, add_titles, new_figure


def importance_figure(importances: pd.DataFrame, limit: int = 20) -> Figure:
    """Draw the features whose shuffling harms the ranker most.

    Parameters
    ----------
    importances : DataFrame
        Of `permutation_importances`.
    limit : int
        Most features drawn, >= 1.

    Returns
    -------
    Figure
        Largest on top.
    """
    ordered = importances.sort_values(["importance", "feature"], ascending=[False, True])
    shown = ordered.head(limit).iloc[::-1]
    figure, axes = new_figure(7.2, 1.5 + 0.28 * len(shown), grid="x")
    axes.barh(shown["feature"], 1000 * shown["importance"], color=COLOURS[0], height=0.7)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("rise of the log loss when shuffled, thousandths of a nat per candidate")
    axes.margins(y=0.01)
    add_titles(
        axes,
        f"The ranker rests most on {ordered['feature'].iloc[0]}",
        f"{len(shown)} of {len(ordered)} features.",
    )
    return figure


def shap_figure(explanations: pd.DataFrame, limit: int = 20) -> Figure:
    """Draw how features moved the scores of single candidates, and in which direction.

    Parameters
    ----------
    explanations : DataFrame
        Of `long_explanations`, with rows.
    limit : int
        Most features drawn, >= 1.

    Returns
    -------
    Figure
        A dot a candidate, features that move scores most on top; dark where
        the value is high among the candidates, grey where it is missing.
    """
    means = explanations["shap_value"].abs().groupby(explanations["feature"]).mean()
    ordered = means.sort_index().sort_values(ascending=False, kind="stable")
    shown = ordered.head(limit).index[::-1]
    figure, axes = new_figure(7.2, 1.5 + 0.28 * len(shown), grid="x")
    for place, feature in enumerate(shown):
        rows = explanations.loc[explanations["feature"] == feature]
        # Spread by order, so that the same rows give the same picture.
        offsets = 0.35 * np.sin(2.4 * np.arange(len(rows)))
        missing = rows["value"].isna().to_numpy()
        colours = rows["value"].rank(pct=True).to_numpy()
        added = rows["shap_value"].to_numpy()
        axes.scatter(
            added[missing], place + offsets[missing], s=6, color=GREY, linewidths=0, zorder=2
        )
        axes.scatter(
            added[~missing],
            place + offsets[~missing],
            s=6,
            c=colours[~missing],
            cmap="cividis_r",
            vmin=0,
            vmax=1,
            linewidths=0,
            zorder=3,
        )
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    axes.set_yticks(range(len(shown)), list(shown))
    axes.set_xlabel("added to the score of a candidate, log odds")
    axes.margins(y=0.01)
    add_titles(
        axes,
        f"Scores of served items are moved most by {ordered.index[0]}",
        f"{len(shown)} of {len(ordered)} features. Dark: a high value. Grey: none.",
    )
    return figure
