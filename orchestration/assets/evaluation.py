"""The lists of every system against what users went on to do."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from ml.intervals import metric_intervals, paired_differences
from ml.metrics import user_metrics
from orchestration.figures import JUDGED, evaluation_figures
from orchestration.resources import MappedLog, Warehouse

METRICS = ["ndcg_10", "recall_10", "precision_10", "mrr_10", "hit_10"]

CUTOFFS = "select cutoff_at from intermediate.int_cutoffs where role = 'evaluate'"
LISTS = """
    select setting, system, user_id, item_id, recommended_rank as rank
    from evaluation.evl_lists
"""
RELEVANT = "select setting, user_id, item_id from evaluation.evl_relevant_pairs"
HISTORIES = """
    select user_id, history_count from training.trn_ranking_moments
    where role = 'evaluate'
"""
CATALOGUE = "select count(*) as item_count from evaluation.evl_items"


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["ml", "user_metrics"],
            deps=[
                ["evaluation", "evl_lists"],
                ["evaluation", "evl_relevant_pairs"],
                ["evaluation", "evl_items"],
                ["training", "trn_ranking_moments"],
            ],
            description="Ranking metrics of each user's list, for every system and both settings.",
            kinds={"python"},
        ),
        dg.AssetSpec(
            ["ml", "metric_intervals"],
            deps=[["ml", "user_metrics"]],
            description="Means over users with bootstrap intervals.",
            kinds={"python"},
        ),
    ],
    group_name="evaluation",
    pool="warehouse",
)
def evaluation(log: MappedLog, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """Judge every system by the test period, user by user."""
    with warehouse.connect() as connection:
        cutoffs = connection.execute(CUTOFFS).df()["cutoff_at"]
        lists = connection.execute(LISTS).df()
        relevant = connection.execute(RELEVANT).df()
        histories = connection.execute(HISTORIES).df()
        catalogue_size = int(connection.execute(CATALOGUE).df()["item_count"].sum())
    metrics = user_metrics(lists, relevant, histories).assign(cutoff_at=cutoffs.max())
    intervals = metric_intervals(metrics, METRICS)
    warehouse.replace("ml.user_metrics", metrics)
    warehouse.replace("ml.metric_intervals", intervals)
    setting = "with_repeats" if log.read().repeats else "new_items"
    figures = evaluation_figures(lists, intervals, catalogue_size, setting, log.places().plots)
    yield dg.MaterializeResult(
        asset_key=["ml", "user_metrics"], metadata={"dagster/row_count": len(metrics)}
    )
    yield dg.MaterializeResult(
        asset_key=["ml", "metric_intervals"],
        metadata={
            "dagster/row_count": len(intervals),
            "differences": _differences(metrics),
            **_means(intervals),
            **figures,
        },
    )


def _differences(metrics: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """Say how much better the two stages are than each other system, user by user."""
    if JUDGED not in set(metrics["system"]):
        return dg.MetadataValue.md("The ranker had nothing to learn from.")
    table = paired_differences(metrics, ["ndcg_10"], JUDGED).round(4)
    return dg.MetadataValue.md(f"```\n{table.to_string(index=False)}\n```")


def _means(intervals: pd.DataFrame) -> dict[str, float]:
    """Return nDCG@10 of the two stages in each setting, which Dagster draws over time."""
    chosen = intervals.loc[(intervals["system"] == JUDGED) & (intervals["metric"] == "ndcg_10")]
    return dict(zip("ndcg_10 " + chosen["setting"], chosen["value"], strict=True))
