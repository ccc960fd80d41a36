"""Reading the published snapshot: what the lookups answer, and how good the lists were."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]

# The catalogue's title says more than an id; a mapping need not have one.
RECOMMENDED = """
    select
        lists.recommended_rank,
        lists.item_id,
        items.title,
        lists.score,
        lists.source,
        lists.reason,
        lists.evidence_item_id,
        evidence.title as evidence_title,
        lists.evidence_count,
        lists.release_id,
        lists.generated_at
    from {lookup}($key) as lists
    left join staging.stg_catalog__items as items
        on lists.item_id = items.item_id
    left join staging.stg_catalog__items as evidence
        on lists.evidence_item_id = evidence.item_id
    order by lists.recommended_rank
    limit $limit
"""
SIMILAR = """
    select
        lists.neighbour_rank,
        lists.neighbour_item_id,
        items.title,
        lists.score,
        lists.source,
        lists.support,
        lists.release_id,
        lists.generated_at
    from similar_items($key) as lists
    left join staging.stg_catalog__items as items
        on lists.neighbour_item_id = items.item_id
    order by lists.neighbour_rank
    limit $limit
"""
EVALUATION = """
    select setting, system, metric, value, lower, upper, user_count
    from evaluation.evl_metric_intervals
    order by setting, metric, value desc, system
"""

LIST_COSTS = """
    select
        choice, strength, ndcg_10, difference, lower, upper,
        coverage, category_diversity, novelty_bits, recent_item_share, user_count
    from evaluation.evl_list_costs
    order by choice != 'plain', choice, difference desc, strength
"""

VERDICTS = """
    select experiment_id, variant, verdict, words
    from experiments.exp_decisions
    where step = 'verdict'
    order by experiment_id, variant
"""


class NothingPublishedError(RuntimeError):
    """There is no snapshot to read yet."""


@contextmanager
def open_snapshot(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published snapshot to read; a run may replace it meanwhile.

    Raises
    ------
    NothingPublishedError
        If no run has published anything.
    """
    if not snapshot.is_file():
        raise NothingPublishedError(f"nothing is published yet: {snapshot} does not exist")
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        yield connection


def recommended_rows(connection: duckdb.DuckDBPyConnection, user_id: str, limit: int) -> list[Row]:
    """List what is recommended to a user now, best first; a stranger gets what is popular."""
    parameters: dict[str, object] = {"key": user_id, "limit": limit}
    try:
        return rows_of(connection, RECOMMENDED.format(lookup="recommend_now"), parameters)
    except (duckdb.CatalogException, duckdb.IOException):
        # A snapshot of an earlier version, or one that was copied away from what changes beside it.
        return rows_of(connection, RECOMMENDED.format(lookup="recommend"), parameters)


def similar_rows(connection: duckdb.DuckDBPyConnection, item_id: str, limit: int) -> list[Row]:
    """List what goes with an item, best first; an unknown one gets what is popular."""
    return rows_of(connection, SIMILAR, {"key": item_id, "limit": limit})


def evaluation_rows(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """List every metric of every system with its interval, best system first."""
    return rows_of(connection, EVALUATION)


def list_cost_rows(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """List what each choice for lists costs and buys, the plain lists first."""
    return rows_of(connection, LIST_COSTS)


def verdict_rows(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """List what was decided of every arm of every experiment, in words."""
    return rows_of(connection, VERDICTS)


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, object] | None = None
) -> list[Row]:
    """Fetch rows as dicts, ready for JSON: moments become text."""
    cursor = connection.execute(query, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def _plain(value: object) -> object:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value
