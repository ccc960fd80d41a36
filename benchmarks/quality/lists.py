"""The product's lists for the test part of a fixed split, and what they cost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from ml.als import AlsParams, fit_als
from ml.factors import factor_blocks
from ml.interactions import build_interaction_matrix
from ml.intervals import metric_intervals
from ml.metrics import user_metrics
from ml.proposals import proposal_blocks
from ml.ranker_quality import RankerQuality
from orchestration.ranker_choice import choose_for_test
from orchestration.ranker_fit import Rankers, ranked_blocks
from orchestration.ranker_rows import frame_features, rows_in_sql
from orchestration.ranker_teaching import Teaching
from orchestration.resources import MappedLog, Warehouse
from orchestration.reviewed import sql_defaults
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.stopwatch import Stopwatch
from orchestration.tuning.dbt import run_dbt
from orchestration.tuning.folds import NO_TESTS

THREADS = 2
# Those of trees wait for each other at every tree: with a core that has something else to do, two
# take many times as long as one.
RANKER_THREADS = 1
# Items that a source proposes to a user at least, and so the longest list that can be judged.
DEPTH = 100
BEFORE_LEARNING = [
    "+cnd_user_covisited",
    "+cnd_user_repeats",
    "+cnd_popular_items",
    "+trn_user_item_weights",
    "+ftr_user_activity",
    "+evl_relevant_pairs",
]
AFTER_LEARNING = [
    "rnk_candidate_pairs",
    "rnk_candidates",
    "rnk_signals",
    "rnk_blends",
    "evl_popular_offers",
    "evl_baseline_offers",
]
FRAME = ["stg_catalog__items", "features", "rnk_frame"]
# The day of the test, and the one before it from which the ranker learns.
TWO_MOMENTS = {"training_cutoffs": 1, "cutoff_roles": ["train", "evaluate"]}
CUTOFFS = "select cutoff_at, role from intermediate.int_cutoffs order by cutoff_at"
PAIRS = """
    select user_id, item_id, weight from training.trn_user_item_weights
    where cutoff_at = ?
"""
USERS = """
    select user_id, history_count from training.trn_ranking_moments
    where cutoff_at = ?
"""
HISTORIES = """
    select user_id, history_count from training.trn_ranking_moments
    where role = 'evaluate'
"""
# Every item the user has not had is in the ranking; training items are removed.
LISTS = """
    with offers as (
        select system, user_id, item_id, item_rank from evaluation.evl_baseline_offers
        where not is_seen
        union all
        select 'two_stage' as system, user_id, item_id, ranked_position as item_rank
        from ml.ranked_candidates
        where not is_seen
    )
    select
        'new_items' as setting,
        system,
        user_id,
        item_id,
        row_number() over (partition by system, user_id order by item_rank, item_id) as rank
    from offers
    qualify rank <= ?
"""
RELEVANT = """
    select setting, user_id, item_id from evaluation.evl_relevant_pairs
    where setting = 'new_items'
"""
# What a system's list is made by, beside the factorisation.
MODELS = {
    "most_popular": {"fit": ["cnd_popular_items"], "score": ["evl_popular_offers"]},
    "decayed_popular": {"fit": ["cnd_popular_items"], "score": ["evl_popular_offers"]},
    "covisitation": {"fit": ["cnd_item_neighbours"], "score": ["cnd_user_covisited"]},
    "repeats": {"fit": [], "score": ["cnd_user_repeats"]},
    "blend": {"fit": [], "score": ["rnk_candidates", "rnk_signals", "rnk_blends"]},
}


@dataclass(frozen=True)
class Measured:
    """What came of one split.

    Attributes
    ----------
    intervals : DataFrame
        `system`, `metric`, `value`, `lower`, `upper`, `user_count`.
    seconds : dict of str to dict of str to float
        Of each system, to fit and to score all users, at both moments together: that of the test,
        and the one from which the ranker learns.
    order : str
        What the two stages order candidates by, and why.
    """

    intervals: pd.DataFrame
    seconds: dict[str, dict[str, float]]
    order: str


def measure(settings: Settings, k: int) -> Measured:
    """Build the lists of every system and judge them.

    Parameters
    ----------
    settings : Settings
        The log of a split whose last day is judged; the ranker learns from the day before.
    k : int
        Items judged, 1 to `DEPTH`.

    Raises
    ------
    ValueError
        If `k` is out of its range: sources propose no more.
    """
    if not 1 <= k <= DEPTH:
        raise ValueError(f"k must be 1 to {DEPTH}, got {k}")
    log = mapped_log(settings)
    warehouse, watch = Warehouse(log=log), Stopwatch()
    variables = _deep_enough(log, k)
    run_dbt(settings, ["build", *NO_TESTS], BEFORE_LEARNING, variables)
    seconds = _model_seconds(settings)
    warehouse.replace_together(
        ["ml.candidates", "ml.factors"],
        lambda connection: _blocks(connection, log.reviewed().als, watch),
    )
    run_dbt(settings, ["build", *NO_TESTS], AFTER_LEARNING, variables)
    seconds.update(_model_seconds(settings))
    with watch.timing("teaching"):
        run_dbt(settings, ["build", *NO_TESTS], FRAME, variables)
        rankers = _taught(warehouse, log)
    with watch.timing("ranking"):
        warehouse.replace_by_blocks(
            "ml.ranked_candidates",
            lambda connection: ranked_blocks(connection, rankers, "benchmark", RANKER_THREADS),
        )
    by_system = {
        **seconds_by_system(seconds),
        "als": {"fit": watch.seconds["fitting"], "score": watch.seconds["proposing"]},
        "two_stage": {"fit": watch.seconds["teaching"], "score": watch.seconds["ranking"]},
    }
    choice = rankers.choices["evaluate"]
    return Measured(judged(settings, k), by_system, f"{choice.chosen}: {choice.reason}")


def _deep_enough(log: MappedLog, k: int) -> dict[str, Any]:
    """Return the variables of dbt with which every source proposes at least `k` items."""
    variables: dict[str, Any] = {**sql_defaults(PROJECT_ROOT), **log.dbt_vars(), **TWO_MOMENTS}
    deeper = {name: max(k, variables[name]) for name in ("covisited_per_user", "judged_items")}
    return {**log.dbt_vars(), **TWO_MOMENTS, **deeper}


def _taught(warehouse: Warehouse, log: MappedLog) -> Rankers:
    """Teach a ranker what the pairs of the second day were, and see whether it is worth it."""
    params = log.reviewed().ranker
    with warehouse.connect() as connection:
        teaching = Teaching(params, frame_features(connection), (), RANKER_THREADS)
        past = rows_in_sql(connection, "train", params)
        choice = choose_for_test(connection, past, teaching, repeats=False)
    nothing = RankerQuality(pd.DataFrame(), pd.DataFrame())
    ranker = teaching.fit(past, choice.chosen)
    return Rankers({"evaluate": ranker}, {"evaluate": choice}, nothing, pd.DataFrame())


def judged(settings: Settings, k: int) -> pd.DataFrame:
    """Return recall and nDCG of the lists that are built, with intervals over users."""
    with Warehouse(log=mapped_log(settings)).connect() as connection:
        lists = connection.execute(LISTS, [k]).df()
        relevant = connection.execute(RELEVANT).df()
        users = connection.execute(HISTORIES).df()
    metrics = user_metrics(lists, relevant, users, k)
    return metric_intervals(metrics, [f"recall_{k}", f"ndcg_{k}"])


def mapped_log(settings: Settings) -> MappedLog:
    """Return the log that `settings` name."""
    return MappedLog(
        home=str(settings.home),
        mapping=settings.mapping,
        project_root=str(settings.project_root),
    )


def _blocks(
    connection: duckdb.DuckDBPyConnection, params: AlsParams, watch: Stopwatch
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Factorise what was known at each moment, and propose."""
    for cutoff_at, _ in connection.execute(CUTOFFS).fetchall():
        matrix = build_interaction_matrix(connection.execute(PAIRS, [cutoff_at]).df())
        users = connection.execute(USERS, [cutoff_at]).df()["user_id"].to_numpy()
        with watch.timing("fitting"):
            model = fit_als(matrix, params, THREADS)
        proposed = proposal_blocks(model, matrix, DEPTH, users)
        for block in watch.making("proposing", proposed):
            yield "ml.candidates", block.assign(cutoff_at=cutoff_at)
        for block in factor_blocks(model, matrix):
            yield "ml.factors", block.assign(cutoff_at=cutoff_at)


def seconds_by_system(models: dict[str, float]) -> dict[str, dict[str, float]]:
    """Add up what the models of dbt took for each system that is made of them alone.

    Parameters
    ----------
    models : dict of str to float
        Name of a model to its seconds; one that was not built is left out.
    """
    return {
        system: {stage: sum(models.get(name, 0.0) for name in names) for stage, names in of.items()}
        for system, of in MODELS.items()
    }


def _model_seconds(settings: Settings) -> dict[str, float]:
    """Return how long dbt took for each model of its last run."""
    results = json.loads((settings.home / "target" / "run_results.json").read_text())["results"]
    return {row["unique_id"].rsplit(".", 1)[-1]: row["execution_time"] for row in results}
