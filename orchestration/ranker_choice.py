"""The choice between the ranker and orders without learning, on rows of the warehouse."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd

from ml.ranker_choice import (
    LEARNED_ORDERS,
    METRIC,
    SIMPLE_ORDERS,
    best_of_each_order,
    choose_order,
    judge_orders,
)
from ml.ranking import Ranker, score_frame
from ml.sampling import hash_fractions
from orchestration.blocks import blocks_of_users
from orchestration.ranker_rows import frame_query
from orchestration.ranker_teaching import Teaching

# Of the users of a log with one earlier period, those that teach; the others judge.
TEACHING_SHARE = 0.5
OF_MOMENT = "select * from ({frame}) where cutoff_at = '{moment}'"
RELEVANT = """
    select holdout.user_id, holdout.item_id
    from training.trn_holdout as holdout
    semi join training.trn_ranking_moments as moments
        on holdout.user_id = moments.user_id and holdout.cutoff_at = moments.cutoff_at
    where holdout.cutoff_at = ? and (? or holdout.is_new)
"""
NOBODY = pd.DataFrame(columns=["contender", METRIC, "user_count", "lead", "lower", "upper"])
EVALUATED = "select cutoff_at from intermediate.int_cutoffs where role = 'evaluate'"


@dataclass(frozen=True)
class Choice:
    """What candidates are ordered by.

    Attributes
    ----------
    chosen : str
        A ranker, or an order without learning.
    reason : str
        Why, in words.
    judged : DataFrame
        Of `ml.ranker_choice.judge_orders`; without rows if there was no period to judge by.
    """

    chosen: str
    reason: str
    judged: pd.DataFrame

    @property
    def column(self) -> str | None:
        """What an order without learning sorts by."""
        return SIMPLE_ORDERS.get(self.chosen)

    def table(self) -> pd.DataFrame:
        """Return the contenders as rows; the chosen one also when it was not judged."""
        unjudged = pd.DataFrame({"contender": [self.chosen]})
        rows = self.judged if self.chosen in set(self.judged["contender"]) else unjudged
        return rows.reindex(columns=self.judged.columns).assign(
            user_count=rows.get("user_count", pd.Series(0, rows.index)).astype("int64"),
            is_chosen=rows["contender"] == self.chosen,
            reason=self.reason,
        )


def choose_for_serving(
    connection: duckdb.DuckDBPyConnection,
    rankers: Mapping[str, Ranker],
    threads: int,
    *,
    repeats: bool,
) -> Choice:
    """Choose by the evaluation period what orders the lists that are served.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    rankers : mapping of str to Ranker
        Of `Teaching.rankers`, taught on the periods before.
    threads : int
        Processor threads.
    repeats : bool
        Whether the lists may hold seen items.
    """
    rows = connection.execute(EVALUATED).fetchall()
    moment = rows[0][0] if rows else None
    return _choose(connection, "evaluate", moment, rankers, None, threads, repeats=repeats)


def choose_for_test(
    connection: duckdb.DuckDBPyConnection, past: pd.DataFrame, teaching: Teaching, *, repeats: bool
) -> Choice:
    """Choose by the last period before the test what orders the lists of the test.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    past : DataFrame
        Of `learning_rows`, of all periods before the test.
    teaching : Teaching
        How to teach rankers on the periods before that last one; where there are none, on a part
        of its users.
    repeats : bool
        Whether the lists may hold seen items.
    """
    if past.empty:
        return _choose(connection, "train", None, {}, None, 1, repeats=repeats)
    moment = past["cutoff_at"].max()
    older = past[past["cutoff_at"] < moment]
    judges = None
    if older.empty:
        teaches = hash_fractions(past["user_id"], teaching.params.seed) < TEACHING_SHARE
        older, judges = past[teaches], set(past.loc[~teaches, "user_id"])
        teaching = teaching.without(judges)
    rankers = teaching.rankers(older)
    return _choose(connection, "train", moment, rankers, judges, teaching.threads, repeats=repeats)


def _choose(
    connection: duckdb.DuckDBPyConnection,
    role: str,
    moment: datetime | None,
    rankers: Mapping[str, Ranker],
    judges: set[str] | None,
    threads: int,
    *,
    repeats: bool,
) -> Choice:
    """Judge all orders at a moment by what followed; only by some users if they are given."""
    lists = [
        best_of_each_order(block, repeats=repeats)
        for block in _scored(connection, role, moment, rankers, threads)
    ]
    relevant = connection.execute(RELEVANT, [moment, repeats]).df()
    if judges is not None:
        relevant = relevant[relevant["user_id"].isin(judges)]
    shown = [rows[rows["user_id"].isin(relevant["user_id"])] for rows in lists]
    judged = NOBODY
    if any(len(rows) for rows in shown):
        judged = judge_orders(pd.concat(shown, ignore_index=True), relevant)
    return Choice(*choose_order(judged), judged)


def _scored(
    connection: duckdb.DuckDBPyConnection,
    role: str,
    moment: datetime | None,
    rankers: Mapping[str, Ranker],
    threads: int,
) -> Iterator[pd.DataFrame]:
    """Read all candidates of a moment, with the scores of the rankers that there are."""
    if moment is None:
        return
    features = {name: None for ranker in rankers.values() for name in ranker.features}
    frame = frame_query(role, list(features))
    for block in blocks_of_users(connection, OF_MOMENT.format(frame=frame, moment=moment)):
        yield block.assign(
            **{
                LEARNED_ORDERS[name]: score_frame(ranker, block, threads)["raw_score"]
                for name, ranker in rankers.items()
            }
        )
