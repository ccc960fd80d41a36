"""Rows of micro-batches in the warehouse, and published for readers of the snapshot."""

from pathlib import Path

import duckdb
import pandas as pd

from orchestration.files import replacing
from orchestration.refreshing.batch import Batch
from orchestration.resources import Warehouse

LISTS, ACTIVITY = "ml.refreshed_lists", "ml.refreshed_activity"
# What readers see of a list: whose it is, and the columns of `recommend` in its types, so that
# `recommend_now` answers alike from either.
COLUMNS = {
    "user_id": "varchar",
    "recommended_rank": "integer",
    "item_id": "varchar",
    "score": "double",
    "source": "varchar",
    "reason": "varchar",
    "evidence_item_id": "varchar",
    "evidence_count": "bigint",
    "release_id": "varchar",
    "generated_at": "timestamp",
}
NOTHING = ", ".join(f"null as {name}" for name in COLUMNS)


def refreshed_users(warehouse: Warehouse) -> list[str]:
    """List the users who have refreshed rows."""
    frame = warehouse.read(
        f"select user_id from {LISTS} union select user_id from {ACTIVITY} order by user_id"
    )
    return [str(user_id) for user_id in frame["user_id"]]


def upsert(warehouse: Warehouse, batch: Batch, path: Path) -> int:
    """Put the rows of a batch in the place of those of its users, and publish the lists.

    The tables change in one transaction. The published file holds the users who did something
    since the last run, and is replaced in one step afterwards.

    Parameters
    ----------
    warehouse : Warehouse
    batch : Batch
    path : Path
        The Parquet file that is published.

    Returns
    -------
    int
        Users in the published file.
    """
    users = pd.DataFrame({"user_id": pd.Series(batch.users, dtype="str")})
    with warehouse.connect(read_only=False) as connection:
        connection.begin()
        connection.register("dirty", users)
        for table, rows in ((LISTS, batch.lists), (ACTIVITY, batch.activity)):
            connection.execute(f"delete from {table} where user_id in (select user_id from dirty)")
            connection.register("block", rows)
            connection.execute(f"insert into {table} by name select * from block")
            connection.unregister("block")
        connection.unregister("dirty")
        connection.commit()
        _publish(connection, LISTS, path)
        counted = connection.execute(f"select count(distinct user_id) from {LISTS}").fetchall()
    return int(counted[0][0])


def ensure_published(path: Path) -> None:
    """Let the file exist, so that the snapshot can name it; a file that exists stays as it is."""
    if not path.exists():
        with duckdb.connect() as connection:
            _publish(connection, f"(select {NOTHING} limit 0)", path)


def _publish(connection: duckdb.DuckDBPyConnection, relation: str, path: Path) -> None:
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in COLUMNS.items())
    rows = f"select {columns} from {relation} order by user_id, recommended_rank"
    with replacing(path) as unfinished:
        connection.execute(f"copy ({rows}) to ? (format parquet)", [str(unfinished)])
