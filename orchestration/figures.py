"""Figures as files and in Dagster's pages."""

from base64 import b64encode
from pathlib import Path

import dagster as dg
import pandas as pd
from matplotlib.figure import Figure

from ml.experiments.plots import lift_figure, return_figure
from ml.exposure import coverage_by_depth, exposure_counts
from ml.list_cost_plots import list_cost_figure
from ml.plots import (
    calibration_figure,
    coverage_figure,
    exposure_figure,
    metric_figure,
)
from ml.ranker_plots import importance_figure, shap_figure
from orchestration.files import replacing
from orchestration.ranker_fit import Rankers

Figures = dict[str, dg.MarkdownMetadataValue]

JUDGED = "two_stage"
DEPTH = 10


def calibration_figures(rankers: Rankers, folder: Path) -> Figures:
    """Draw predicted against observed rates; nothing if no ranker was judged."""
    if rankers.quality.reliability.empty:
        return {}
    measures = rankers.quality.metrics.set_index("name")["value"]
    error = float(measures["expected_calibration_error"])
    return saved({"calibration": calibration_figure(rankers.quality.reliability, error)}, folder)


def importance_figures(rankers: Rankers, folder: Path) -> Figures:
    """Draw what the ranker rests on; nothing if none was judged."""
    if rankers.importances.empty:
        return {}
    return saved({"importances": importance_figure(rankers.importances)}, folder)


def explanation_figures(explanations: list[pd.DataFrame], folder: Path) -> Figures:
    """Draw how the features moved the scores of served rows; nothing if none were explained."""
    if not explanations or explanations[0].empty:
        return {}
    return saved({"explanations": shap_figure(explanations[0])}, folder)


def evaluation_figures(
    lists: pd.DataFrame, intervals: pd.DataFrame, catalogue_size: int, setting: str, folder: Path
) -> Figures:
    """Draw how every system did, and which items its lists hold; nothing if none was measured.

    Parameters
    ----------
    lists : DataFrame
        `setting`, `system`, `user_id`, `item_id` and `rank`.
    intervals : DataFrame
        Of `metric_intervals`.
    catalogue_size : int
        Items there are, listed or not.
    setting : str
        `new_items` or `with_repeats`: whose lists are described.
    folder : Path
        Where the files go; it exists.
    """
    chosen = lists.loc[lists["setting"] == setting]
    if intervals.empty or chosen.empty:
        return {}
    counts = exposure_counts(chosen, DEPTH)
    coverage = coverage_by_depth(chosen, catalogue_size, DEPTH)
    figures = {
        "ndcg_10": metric_figure(intervals, "ndcg_10", JUDGED, "nDCG@10"),
        "recall_10": metric_figure(intervals, "recall_10", JUDGED, "recall@10"),
        "popularity": exposure_figure(counts, catalogue_size, JUDGED),
        "coverage": coverage_figure(coverage, JUDGED),
    }
    return saved(figures, folder)


def list_cost_figures(costs: pd.DataFrame, folder: Path) -> Figures:
    """Draw what rules, diversity, novelty and freshness cost; nothing if no list was judged."""
    measures = {
        "category_diversity": "pairs of a list that differ in category",
        "coverage": "share of the catalogue in some list",
        "novelty_bits": "novelty of the items, bits",
        "recent_item_share": "share of recent items",
    }
    if costs.empty:
        return {}
    return saved({"list_costs": list_cost_figure(costs, measures)}, folder)


def experiment_figures(
    experiments: pd.DataFrame,
    metrics: pd.DataFrame,
    looks: pd.DataFrame,
    survival: pd.DataFrame,
    folder: Path,
) -> dict[str, Figures]:
    """Draw the lift of each experiment's primary metric over time, and who comes back.

    Parameters
    ----------
    experiments, metrics : DataFrame
        `exp_experiments` without rejected rows, `exp_metrics`.
    looks, survival : DataFrame
        Of `experiment_looks` and `return_survival`.
    folder : Path
        Where the files go; it exists.

    Returns
    -------
    dict of str to Figures
        By the table that the figures show; those of experiments without users are left out.
    """
    known = metrics.set_index("metric")
    lifts, returns = {}, {}
    for experiment in experiments.sort_values("experiment_id").to_dict("records"):
        name, metric = str(experiment["experiment_id"]), str(experiment["primary_metric"])
        own = looks.loc[(looks["experiment_id"] == name) & (looks["metric"] == metric)]
        if not own.empty:
            title, unit = str(known.loc[metric, "title"]), str(known.loc[metric, "unit"])
            lifts[f"lift_{name}"] = lift_figure(own, title, unit)
        back = survival.loc[survival["experiment_id"] == name]
        if not back.empty:
            returns[f"returns_{name}"] = return_figure(back)
    return {
        "experiment_looks": saved(lifts, folder),
        "return_survival": saved(returns, folder),
    }


def saved(figures: dict[str, Figure], folder: Path) -> Figures:
    """Make or replace PNG files, and return the pictures themselves, to be shown without them."""
    for name, figure in figures.items():
        with replacing(folder / f"{name}.png") as path:
            figure.savefig(path, format="png", dpi=110, bbox_inches="tight")
    return {name: _embedded(folder / f"{name}.png") for name in figures}


def _embedded(file: Path) -> dg.MarkdownMetadataValue:
    picture = b64encode(file.read_bytes()).decode()
    return dg.MetadataValue.md(f"![{file.stem}](data:image/png;base64,{picture})")
