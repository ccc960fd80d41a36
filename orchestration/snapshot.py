"""Writing the published snapshot: complete and sane, or not at all."""

from pathlib import Path

import duckdb

from orchestration.files import replacing

# Table and the order in which its rows lie: a lookup by the first column reads one block.
TABLES = {
    "serving.rec_user_top_items": "user_id, recommended_rank",
    "serving.rec_item_neighbours": "item_id, neighbour_rank",
    "serving.rec_popular_items": "segment, popularity_rank",
    "serving.rec_user_segments": "user_id",
    "serving.rec_release": "release_id",
    "evaluation.evl_metrics": "setting, system, slice",
    "ml.metric_intervals": "setting, system, metric",
    "ml.ranker_metrics": "name",
    "ml.ranker_importances": "importance desc, feature",
}
MACROS = ("recommend", "similar_items")


def write_snapshot(warehouse: Path, snapshot: Path) -> dict[str, int]:
    """Copy the served tables into a new file, and put it in the place of the old one.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that dbt built.
    snapshot : Path
        The file to replace.

    Returns
    -------
    dict of str to int
        Rows of each table.
    """
    with replacing(snapshot) as path, duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{_quoted(warehouse)}' as warehouse (read_only)")
        counts = {table: _copy_table(connection, table) for table in TABLES}
        for macro in MACROS:
            _copy_macro(connection, macro)
        connection.execute("detach warehouse")
        connection.execute("checkpoint")
    return counts


def _copy_table(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    schema, _ = table.split(".")
    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f"create table {table} as from warehouse.{table} order by {TABLES[table]}")
    return connection.execute(f"select count(*) from {table}").fetchall()[0][0]


def _copy_macro(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    ((parameters, definition),) = connection.execute(
        """
        select parameters, macro_definition from duckdb_functions()
        where database_name = 'warehouse' and function_name = ?
        """,
        [name],
    ).fetchall()
    connection.execute(f"create macro {name}({', '.join(parameters)}) as table {definition}")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
