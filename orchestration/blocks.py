"""Reading a table piece by piece, so that memory does not grow with the number of users."""

from collections.abc import Iterator

import duckdb
import pandas as pd

BLOCK_ROWS = 200_000


def blocks_of_users(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    parameters: list[object] | None = None,
    block_rows: int = BLOCK_ROWS,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a query in frames that never split a user.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open connection; it may not be used for anything else between two frames.
    query : str
        A `select` with a column `user_id`.
    parameters : list, optional
        Of the query.
    block_rows : int
        Rows of a frame, >= 1. A frame ends with the last row of a user, so it may have more.

    Yields
    ------
    DataFrame
        Rows in any order; users ascending from frame to frame.
    """
    bounds = connection.execute(
        f"""
        with counted as (
            select user_id, count(*) as row_count from ({query}) group by user_id
        ), numbered as (
            select
                user_id,
                (sum(row_count) over (order by user_id) - row_count) // {block_rows} as block
            from counted
        )
        select min(user_id), max(user_id) from numbered group by block order by min(user_id)
        """,
        parameters,
    ).fetchall()
    for first, last in bounds:
        yield connection.execute(
            f"select * from ({query}) where user_id between ? and ?",
            [*(parameters or []), first, last],
        ).df()
