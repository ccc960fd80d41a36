"""What a log held: whether two runs saw the same."""

import hashlib
from dataclasses import dataclass

import duckdb

# What the run read of the mapped relations, which may have changed since. Of the deliveries not
# what became of them: that depends on which of two equal rows comes first.
READ = (
    "(select * exclude (role, reject_reason) from staging.stg_events__deliveries)",
    "staging.stg_catalog__items",
    "staging.stg_catalog__users",
    "staging.stg_impressions__shown",
)
PERIOD = "select min(interacted_at), max(interacted_at) from intermediate.int_interactions"


@dataclass(frozen=True)
class Fingerprint:
    """A log in four values.

    Attributes
    ----------
    row_count : int
        Delivered events.
    first_at, last_at : str, optional
        Moments of the first and the last interaction that was used, UTC; None without any.
    content : str
        Sixteen letters that change with any row that was read of events, items, users or
        impressions, and not with the order of rows. Comparable as long as DuckDB is the same.
    """

    row_count: int
    first_at: str | None
    last_at: str | None
    content: str


def log_fingerprint(connection: duckdb.DuckDBPyConnection) -> Fingerprint:
    """Summarise the log as it was read.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To a warehouse in which dbt has built staging and the interactions.
    """
    sums = [
        connection.execute(
            f"select count(*), sum(hash(rows))::varchar from {relation} as rows"
        ).fetchall()[0]
        for relation in READ
    ]
    first_at, last_at = connection.execute(PERIOD).fetchall()[0]
    return Fingerprint(
        row_count=sums[0][0],
        first_at=None if first_at is None else str(first_at),
        last_at=None if last_at is None else str(last_at),
        content=hashlib.sha256(repr(sums).encode()).hexdigest()[:16],
    )
