"""Why an item is in a user's list, from the published snapshot."""

import shlex
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from ml.explanations import Explanations, explain_scores
from ml.ranker_trees import RankerTables
from orchestration.lookups import Row, rows_of

SERVED = """
    select
        lists.user_id,
        lists.item_id,
        items.title,
        lists.recommended_rank,
        lists.score,
        lists.source,
        lists.reason,
        lists.evidence_item_id,
        lists.evidence_count,
        lists.release_id,
        lists.generated_at
    from serving.rec_user_top_items as lists
    left join staging.stg_catalog__items as items
        on lists.item_id = items.item_id
    where lists.user_id = $user
    order by lists.recommended_rank
"""
KNOWN_ITEM = """
    select count(*) > 0 as is_known from serving.rec_popular_items
    where segment = 'all' and item_id = $item
"""
INPUTS = "from ranking.rnk_frame where user_id = $user and item_id = $item"
HISTORY = """
    select
        contributions.history_item_id as item_id,
        items.title,
        contributions.contribution,
        contributions.history_count
    from ml.contributions
    left join staging.stg_catalog__items as items
        on contributions.history_item_id = items.item_id
    where contributions.user_id = $user and contributions.item_id = $item
    order by contributions.contribution_rank
"""
MEANINGS = """
    select column_name, comment from duckdb_columns()
    where
        schema_name = 'ranking'
        and table_name = 'rnk_frame'
        and comment is not null
"""
# Where the columns of a source are not called as it is in the lists.
SOURCES = {"covisited": "covisitation"}


class NotServedError(LookupError):
    """The item asked for is not in the user's list, so there is nothing to explain."""


def read_ranker(connection: duckdb.DuckDBPyConnection) -> RankerTables | None:
    """Read the ranker of the release; None if there is none."""
    ranker = connection.execute("from ml.rankers").df()
    trees = connection.execute("from ml.ranker_trees order by tree, node").df()
    encodings = connection.execute("from ml.ranker_encodings").df()
    return None if ranker.empty else RankerTables(ranker, trees, encodings)


def explained(connection: duckdb.DuckDBPyConnection, user_id: str, item_id: str) -> Row:
    """Say why an item is in a user's list.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the published snapshot.
    user_id, item_id : str
        A pair that is served.

    Returns
    -------
    dict
        The row of the list; `sources` that proposed the item with their rank and score; `history`,
        the items that add most to the score of the factorisation; and, where the ranker placed the
        item, `ranker` with the base score, the raw score, the probability and the features, those
        that moved the score most first. Ready for JSON.

    Raises
    ------
    NotServedError
        If the user has no list, or it does not hold the item; says which.
    """
    served = _served_row(connection, user_id, item_id)
    pair: dict[str, object] = {"user": user_id, "item": item_id}
    inputs = connection.execute(INPUTS, pair).df()
    tables = read_ranker(connection)
    return {
        **served,
        "sources": _sources(inputs),
        "history": rows_of(connection, HISTORY, pair),
        "ranker": None
        if tables is None or inputs.empty
        else _ranker_part(connection, tables, inputs),
    }


def _served_row(connection: duckdb.DuckDBPyConnection, user_id: str, item_id: str) -> Row:
    rows = rows_of(connection, SERVED, {"user": user_id})
    if not rows:
        msg = (
            f"user {user_id!r} is not known or has nothing left to be offered, so there is no list "
            f"of theirs to explain; `topshelf recommend {shlex.quote(user_id)}` shows what they "
            "would get"
        )
        raise NotServedError(msg)
    for row in rows:
        if row["item_id"] == item_id:
            return row
    items = ", ".join(str(row["item_id"]) for row in rows)
    (found,) = rows_of(connection, KNOWN_ITEM, {"item": item_id})
    what = "is not in" if found["is_known"] else "is not known or not available, and not in"
    raise NotServedError(f"item {item_id!r} {what} the list of user {user_id!r}: {items}")


def _sources(inputs: pd.DataFrame) -> list[Row]:
    """List who proposed the pair, best rank first: each source has a rank and a score."""
    if inputs.empty:
        return []
    row = inputs.iloc[0]
    columns = inputs.columns.astype(str)
    names = [name.removesuffix("_rank") for name in columns if name.endswith("_rank")]
    found = [
        {
            "source": SOURCES.get(name, name),
            "rank": int(row[f"{name}_rank"]),
            "score": float(row[f"{name}_score"]),
        }
        for name in names
        if pd.notna(row[f"{name}_rank"])
    ]
    return sorted(found, key=lambda source: (source["rank"], source["source"]))


def _ranker_part(
    connection: duckdb.DuckDBPyConnection, tables: RankerTables, inputs: pd.DataFrame
) -> Row:
    meanings = dict(connection.execute(MEANINGS).fetchall())
    result = explain_scores(tables, inputs)
    return {
        "base_score": result.base_score,
        "raw_score": float(result.raw_scores[0]),
        "probability": float(result.scores[0]),
        "features": _features(result, inputs.iloc[0], meanings),
    }


def _features(result: Explanations, row: "pd.Series[Any]", meanings: dict[str, str]) -> list[Row]:
    """List every feature with its value, what it added, and what it means."""
    values = result.shap_values.iloc[0]
    order = values.abs().sort_values(ascending=False, kind="stable").index
    return [
        {
            "feature": str(name),
            "value": _plain(row[name]),
            "shap_value": float(values[name]),
            "meaning": meanings.get(str(name)) or _meaning_of_attribute(str(name)),
        }
        for name in order
    ]


def _meaning_of_attribute(name: str) -> str | None:
    """Say what is meant by a feature that no contract describes, for the mapping named it."""
    for prefix, whose in {"user_attribute__": "user", "item_attribute__": "item"}.items():
        if name.startswith(prefix):
            return f"{name.removeprefix(prefix)} of the {whose}, as the catalogue has it today."
    return None


def _plain(value: object) -> object:
    """Return a number of Python's own; None for a missing one."""
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    return value.item() if isinstance(value, np.generic) else value
