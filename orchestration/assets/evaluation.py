"""The lists of every system against what users went on to do."""

from collections.abc import Iterator

import dagster as dg

from ml.intervals import metric_intervals
from ml.metrics import user_metrics
from orchestration.resources import Warehouse

METRICS = ["ndcg_10", "recall_10", "precision_10", "mrr_10", "hit_10"]

CUTOFF = "select cutoff_at from intermediate.int_cutoffs where role = 'evaluate'"
# Lists of the simple systems, and the ranker's in both settings: all, and without seen items.
LISTS = """
    with ranked as (
        select cutoff_at, user_id, item_id, ranked_position, is_seen
        from ml.ranked_candidates
        where cutoff_at = $cutoff_at
    ), settings as (
        select 'with_repeats' as setting, user_id, item_id, ranked_position from ranked
        union all
        select 'new_items', user_id, item_id, ranked_position from ranked where not is_seen
    ), two_stage as (
        select
            setting,
            'two_stage' as system,
            user_id,
            item_id,
            row_number() over (
                partition by setting, user_id order by ranked_position
            ) as rank
        from settings
        qualify rank <= 10
    )
    select setting, system, user_id, item_id, rank from two_stage
    union all
    select setting, system, user_id, item_id, recommended_rank
    from evaluation.evl_baseline_lists
    where cutoff_at = $cutoff_at
"""
RELEVANT = """
    with held as (
        select trn_holdout.user_id, trn_holdout.item_id, trn_holdout.is_new
        from training.trn_holdout
        inner join training.trn_ranking_moments
            on trn_holdout.user_id = trn_ranking_moments.user_id
            and trn_holdout.cutoff_at = trn_ranking_moments.cutoff_at
        where trn_holdout.cutoff_at = $cutoff_at
    )
    select 'with_repeats' as setting, user_id, item_id from held
    union all
    select 'new_items', user_id, item_id from held where is_new
"""
HISTORIES = """
    select user_id, history_count
    from training.trn_ranking_moments
    where cutoff_at = $cutoff_at
"""


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["ml", "user_metrics"],
            deps=[
                ["ml", "ranked_candidates"],
                ["evaluation", "evl_baseline_lists"],
                ["training", "trn_holdout"],
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
        moment = {"cutoff_at": cutoff_at}
        lists = connection.execute(LISTS, moment).df()
        relevant = connection.execute(RELEVANT, moment).df()
        histories = connection.execute(HISTORIES, moment).df()
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
