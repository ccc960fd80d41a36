"""How good a choice of settings is on one fold: nDCG@10 of the list that they shape."""

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from ml.als import fit_als
from ml.interactions import build_interaction_matrix
from ml.metrics import user_metrics
from ml.ordering import rank_within
from ml.proposals import proposal_blocks
from ml.ranking import fit_ranker, score_frame
from ml.search_space import Value
from orchestration.blocks import blocks_of_users
from orchestration.mapping import dbt_vars, load_mapping
from orchestration.ranker_rows import frame_features, frame_query, rows_in_sql
from orchestration.reviewed import ReviewedSettings
from orchestration.settings import Settings
from orchestration.tuning.dbt import run_dbt
from orchestration.tuning.folds import ONE_MOMENT, Fold, copied, warehouse_of
from orchestration.tuning.plan import TuningError

DEPTH = 10
COVISITATION = ["int_user_histories+,+evl_baseline_lists"]
LISTS = """
    select user_id, item_id, recommended_rank as rank from evaluation.evl_baseline_lists
    where system = 'covisitation' and setting = ?
"""
RELEVANT = "select setting, user_id, item_id from evaluation.evl_relevant_pairs where setting = ?"
EVALUATED = "select cutoff_at from intermediate.int_cutoffs where role = 'evaluate'"
PAIRS = f"""
    select user_id, item_id, weight from training.trn_user_item_weights
    where cutoff_at = ({EVALUATED})
"""
BLENDS = f"""
    select
        user_id,
        item_id,
        row_number() over (partition by user_id order by blend_rank) as rank
    from ranking.rnk_blends
    where cutoff_at = ({EVALUATED}) and (not is_seen or ? = 'with_repeats')
    qualify rank <= ?
"""
EXCLUDED = f"""
    select user_id, item_id from intermediate.int_user_items
    where cutoff_at = ({EVALUATED}) and (is_disliked or ? = 'new_items')
"""


@dataclass(frozen=True)
class Task:
    """One trial on one fold; may be sent to another process.

    Attributes
    ----------
    part : str
        Of `SPACES`.
    fold : Fold
        Whose tables are built.
    chosen : ReviewedSettings
        The settings of all parts.
    values : dict
        What the trial puts in the place of those of its part.
    setting : str
        `new_items` or `with_repeats`.
    folder : Path
        Where each process keeps copies of the warehouses that it changes.
    """

    part: str
    fold: Fold
    chosen: ReviewedSettings
    values: dict[str, Value]
    setting: str
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """What a task came to.

    Attributes
    ----------
    value : float
        Mean nDCG@10 over the users of the fold; 0 if no list was made.
    seconds : float
        It took.
    peak_bytes : int
        Most memory that its process ever had.
    """

    value: float
    seconds: float
    peak_bytes: int


def judge(task: Task) -> Outcome:
    """Compute one trial on one fold.

    Raises
    ------
    TuningError
        If nobody is left to judge by.
    """
    began = time.monotonic()
    value = JUDGES[task.part](task)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Outcome(value, time.monotonic() - began, peak)


def _judge_sql(task: Task) -> float:
    """Rebuild what the variables change, and judge the list of covisitation."""
    settings = copied(task.fold.lists, _own_folder(task))
    mapping = load_mapping(settings.mapping, settings.project_root)
    overrides = {**task.chosen.sql, **ONE_MOMENT, **task.values}
    run_dbt(settings, ["run"], COVISITATION, dbt_vars(mapping, overrides))
    with _reading(settings) as connection:
        lists = connection.execute(LISTS, [task.setting]).df()
        return mean_ndcg(lists, connection, task)


def _judge_als(task: Task) -> float:
    """Factorise what was known at the fold's moment, and judge the best products."""
    params = task.chosen.with_values("als", task.values).als
    with _reading(task.fold.lists) as connection:
        matrix = build_interaction_matrix(connection.execute(PAIRS).df())
        relevant = connection.execute(RELEVANT, [task.setting]).df()
        model = fit_als(matrix, params)
        # Some that are excluded are not in the matrix: twice the depth leaves enough others.
        blocks = proposal_blocks(model, matrix, 2 * DEPTH, relevant["user_id"].unique())
        proposed = pd.concat(list(blocks), ignore_index=True)
        proposed = _without(proposed, connection.execute(EXCLUDED, [task.setting]).df())
        lists = proposed.sort_values(["user_id", "candidate_rank"], ignore_index=True)
        ranks = lists.groupby("user_id", sort=False).cumcount() + 1
        return mean_ndcg(lists.assign(rank=ranks), connection, task)


def _judge_blend(task: Task) -> float:
    """Add up anew what the sources say of the fold's candidates, and judge that order."""
    settings = copied(task.fold.frame, _own_folder(task))
    mapping = load_mapping(settings.mapping, settings.project_root)
    run_dbt(
        settings, ["run"], ["rnk_blends"], dbt_vars(mapping, {**task.chosen.sql, **task.values})
    )
    with _reading(settings) as connection:
        lists = connection.execute(BLENDS, [task.setting, DEPTH]).df()
        return mean_ndcg(lists, connection, task)


def _judge_ranker(task: Task) -> float:
    """Teach the ranker on the fold's past, and judge its order of the fold's candidates."""
    params = task.chosen.with_values("ranker", task.values).ranker
    with _reading(task.fold.frame) as connection:
        features = frame_features(connection)
        rows = rows_in_sql(connection, "train", params)
        if not rows["is_relevant"].any():
            raise TuningError(f"fold {task.fold.number} has no past from which a ranker can learn")
        ranker = fit_ranker(
            rows,
            rows["is_relevant"].to_numpy(),
            features,
            rows["user_id"].to_numpy(),
            params,
            rows["sample_weight"].to_numpy(),
        )
        tops = []
        for block in blocks_of_users(connection, frame_query("evaluate")):
            scored = block[["user_id", "item_id", "is_seen"]].join(score_frame(ranker, block))
            if task.setting == "new_items":
                scored = scored[~scored["is_seen"].astype(bool)]
            ranked = scored.assign(rank=rank_within(scored, ["user_id"]))
            tops.append(ranked.loc[ranked["rank"] <= DEPTH, ["user_id", "item_id", "rank"]])
        nothing = pd.DataFrame({"user_id": [], "item_id": [], "rank": []})
        lists = pd.concat(tops, ignore_index=True) if tops else nothing
        return mean_ndcg(lists, connection, task)


def mean_ndcg(lists: pd.DataFrame, connection: duckdb.DuckDBPyConnection, task: Task) -> float:
    """Average nDCG@10 over the users of a fold who wanted something.

    Parameters
    ----------
    lists : DataFrame
        ``user_id``, ``item_id`` and ``rank``.
    connection : DuckDBPyConnection
        To the fold's warehouse, which knows what was wanted.
    task : Task
        Says which fold and setting.
    """
    relevant = connection.execute(RELEVANT, [task.setting]).df()
    if relevant.empty:
        raise TuningError(
            f"fold {task.fold.number}, which ends at {task.fold.as_of}, has no user with "
            f"{task.setting.replace('_', ' ')} to judge by; ask for fewer folds"
        )
    if lists.empty:
        return 0.0
    named = lists.assign(setting=task.setting, system=task.part)
    histories = pd.DataFrame({"user_id": relevant["user_id"].unique(), "history_count": 0})
    metrics = user_metrics(named, relevant, histories, DEPTH)
    return float(np.mean(metrics[f"ndcg_{DEPTH}"]))


def _own_folder(task: Task) -> Path:
    """Return where this process alone may change the warehouse of a fold, as the part needs it."""
    return task.folder / str(os.getpid()) / task.part / f"fold_{task.fold.number}"


def _without(proposed: pd.DataFrame, excluded: pd.DataFrame) -> pd.DataFrame:
    """Take pairs out of a list."""
    marked = proposed.merge(excluded, on=["user_id", "item_id"], how="left", indicator="origin")
    return marked[marked["origin"] == "left_only"].drop(columns="origin")


def _reading(settings: Settings) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(warehouse_of(settings)), read_only=True)
    connection.execute("set timezone = 'UTC'")
    return connection


JUDGES = {"sql": _judge_sql, "als": _judge_als, "blend": _judge_blend, "ranker": _judge_ranker}
