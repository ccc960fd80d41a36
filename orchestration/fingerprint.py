"""What a log held: whether two runs saw the same."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

RELATIONS = ("events", "items", "users", "impressions")
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
        Sixteen letters that change with any row of events, items, users or impressions, and not
        with the order of rows. Comparable as long as DuckDB is the same.
    """

    row_count: int
    first_at: str | None
    last_at: str | None
    content: str


def log_fingerprint(connection: duckdb.DuckDBPyConnection, project_root: Path) -> Fingerprint:
    """Read the mapped log once, and summarise it.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To a warehouse in which dbt has built the interactions.
    project_root : Path
        Where relative paths of the mapping start.
    """
    folder = str(project_root).replace("'", "''")
    connection.execute(f"set file_search_path = '{folder}'")
    sums = [
        connection.execute(
            f"select count(*), sum(hash({name}))::varchar from mapped.{name}"
        ).fetchall()[0]
        for name in RELATIONS
    ]
    first_at, last_at = connection.execute(PERIOD).fetchall()[0]
    return Fingerprint(
        row_count=sums[0][0],
        first_at=None if first_at is None else str(first_at),
        last_at=None if last_at is None else str(last_at),
        content=hashlib.sha256(repr(sums).encode()).hexdigest()[:16],
    )
