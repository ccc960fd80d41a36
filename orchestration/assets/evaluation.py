"""The lists of every system against what users went on to do."""

from collections.abc import Iterator

import dagster as dg

from ml.intervals import metric_intervals
from ml.metrics import user_metrics
from orchestration.resources import Warehouse

METRICS = ["ndcg_10", "recall_10", "precision_10", "mrr_10", "hit_10"]

CUTOFF = "select cutoff_at from intermediate.int_cutoffs where role = 'evaluate'"
LISTS = """
    select setting, system, user_id, item_id, recommended_rank as rank
    from evaluation.evl_lists
"""
RELEVANT = "select setting, user_id, item_id from evaluation.evl_relevant_pairs"
HISTORIES = """
    select user_id, history_count
    from training.trn_ranking_moments
    where role = 'evaluate'
"""


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["ml", "user_metrics"],
            deps=[
                ["evaluation", "evl_lists"],
                ["evaluation", "evl_relevant_pairs"],
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
def evaluation(warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """Judge every system by the test period, user by user."""
    with warehouse.connect() as connection:
        ((cutoff_at,),) = connection.execute(CUTOFF).fetchall()
        lists = connection.execute(LISTS).df()
        relevant = connection.execute(RELEVANT).df()
        histories = connection.execute(HISTORIES).df()
    metrics = user_metrics(lists, relevant, histories).assign(cutoff_at=cutoff_at)
    intervals = metric_intervals(metrics, METRICS)
    warehouse.replace("ml.user_metrics", metrics)
    warehouse.replace("ml.metric_intervals", intervals)
    yield dg.MaterializeResult(
        asset_key=["ml", "user_metrics"], metadata={"dagster/row_count": len(metrics)}
    )
    yield dg.MaterializeResult(
        asset_key=["ml", "metric_intervals"], metadata={"dagster/row_count": len(intervals)}
    )
