"""Writing the published snapshot: complete and sane, or not at all."""

import glob
from pathlib import Path

import duckdb

from orchestration.attributes import with_attributes
from orchestration.files import replacing
from orchestration.report.tables import READ as REPORTED

# Table and the order in which its rows lie: a lookup by the first column reads one block.
TABLES = {
    "serving.rec_user_top_items": "user_id, recommended_rank",
    "serving.rec_item_neighbours": "item_id, neighbour_rank",
    "serving.rec_popular_items": "segment, popularity_rank",
    "serving.rec_trending_items": "segment, trending_rank",
    "serving.rec_user_segments": "user_id",
    "serving.rec_release": "release_id",
    "staging.stg_catalog__items": "item_id",
    "evaluation.evl_metrics": "setting, system, slice",
    "evaluation.evl_metric_intervals": "setting, system, metric",
    "evaluation.evl_list_quality": "setting, system",
    "evaluation.evl_list_costs": "choice, strength",
    "ml.ranker_choices": "role, ndcg_10 desc, contender",
    "ml.ranker_metrics": "name",
    "ml.ranker_importances": "importance desc, feature",
    "ml.rankers": "release_id",
    "ml.ranker_trees": "tree, node",
    "ml.ranker_encodings": "feature, code",
    "ml.ranker_explanations": "user_id, item_id, feature",
    "ml.contributions": "user_id, item_id, contribution_rank",
    "ranking.rnk_frame": "user_id, item_id",
    "experiments.exp_holdout": "salt",
    **{f"experiments.{name}": order for name, order in REPORTED.items()},
}
# Of these only what `topshelf explain` may be asked for: the pairs of the lists, at the moment that
# the release ranked.
FRAME = "ranking.rnk_frame"
SERVED_PAIRS = ("ml.contributions", FRAME)
SERVED = """
    semi join warehouse.serving.rec_user_top_items as lists
        on
            lists.score is not null
            and pairs.user_id = lists.user_id
            and pairs.item_id = lists.item_id
    semi join warehouse.serving.rec_release as releases
        on pairs.cutoff_at = releases.ranked_at
"""
MACROS = ("recommend", "similar_items")
# Between two runs: the list that was made again since, if it is of a later moment.
RECOMMEND_NOW = """
    create macro recommend_now(user_key) as table
    with refreshed as (
        select * exclude (user_id) from read_parquet('{file}')
        where
            user_id = cast(user_key as varchar)
            and generated_at > (select max(generated_at) from serving.rec_release)
    )
    select * from refreshed
    union all by name
    select * from recommend(user_key)
    where not exists (select 1 from refreshed)
    order by recommended_rank
"""
# What the run read of the log; only an own connection to the warehouse could read the source again.
LOG = "warehouse.staging.stg_events__deliveries"
# A list: its table, whose it is, its rank and its item.
PERSONAL = "serving.rec_user_top_items"
POPULAR = "serving.rec_popular_items"
LISTS = (
    (PERSONAL, "user_id", "recommended_rank", "item_id"),
    ("serving.rec_item_neighbours", "item_id", "neighbour_rank", "neighbour_item_id"),
    (POPULAR, "segment", "popularity_rank", "item_id"),
    ("serving.rec_trending_items", "segment", "trending_rank", "item_id"),
)
# Whether a user is left who may be offered an item. In a log where everybody has seen everything
# there is none, and lists are rightly empty.
OFFERABLE = """
    select count(*) from (
        select 1
        from warehouse.training.trn_ranking_moments as moments
        cross join warehouse.serving.rec_popular_items as items
        anti join warehouse.serving.srv_user_excluded_items as excluded
            on moments.user_id = excluded.user_id and items.item_id = excluded.item_id
        where moments.role = 'serve' and items.segment = 'all'
        limit 1
    )
"""


class SnapshotError(RuntimeError):
    """What was built is not fit to be published; the published snapshot stays as it was."""


def write_snapshot(
    warehouse: Path, snapshot: Path, project_root: Path, refreshed: Path | None = None
) -> dict[str, int]:
    """Copy the served tables into a new file, and put it in the place of the old one.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that dbt built.
    snapshot : Path
        The file to replace, or to make.
    project_root : Path
        Where relative paths of the mapped log start.
    refreshed : Path, optional
        The file of lists that change between runs, which exists; `recommend_now` reads it where it
        lies.

    Returns
    -------
    dict of str to int
        Rows of each table.

    Raises
    ------
    SnapshotError
        If a list repeats an item or has a gap, or there are no lists though the log has events.
    """
    with replacing(snapshot) as path, duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set file_search_path = '{_quoted(project_root)}'")
        connection.execute(f"attach '{_quoted(warehouse)}' as warehouse (read_only)")
        counts = {table: _copy_table(connection, table) for table in TABLES}
        for macro in MACROS:
            _copy_macro(connection, macro)
        if refreshed:
            # What is read is a pattern; the name of a folder is none.
            file = _quoted(glob.escape(str(refreshed)))
            connection.execute(RECOMMEND_NOW.format(file=file))
        problems = _problems(connection, counts)
        if problems:
            raise SnapshotError("\n".join(["not published:", *problems]))
        connection.execute("detach warehouse")
        connection.execute("checkpoint")
    return counts


def _copy_table(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    schema, name = table.split(".")
    connection.execute(f"create schema if not exists {schema}")
    query = f"select * from warehouse.{table} as pairs"
    if table in SERVED_PAIRS:
        query = f"{query} {SERVED}"
    if table == FRAME:
        query = with_attributes(query, _ranker_features(connection), "warehouse.")
    connection.execute(f"create table {table} as from ({query}) order by {TABLES[table]}")
    _copy_comments(connection, schema, name)
    return _number(connection, f"select count(*) from {table}")


def _ranker_features(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List what the ranker of the release reads."""
    rows = connection.execute("select unnest(features) from warehouse.ml.rankers").fetchall()
    return [str(name) for (name,) in rows]


def _copy_comments(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
    """Take over what dbt wrote about the columns; a copied table has none of it."""
    comments = connection.execute(
        """
        select column_name, comment from duckdb_columns()
        where
            database_name = 'warehouse'
            and schema_name = ?
            and table_name = ?
            and comment is not null
        """,
        [schema, table],
    ).fetchall()
    for column, comment in comments:
        text = " ".join(comment.split()).replace("'", "''")
        connection.execute(f"comment on column {schema}.{table}.\"{column}\" is '{text}'")


def _copy_macro(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    ((parameters, definition),) = connection.execute(
        """
        select parameters, macro_definition from duckdb_functions()
        where database_name = 'warehouse' and function_name = ?
        """,
        [name],
    ).fetchall()
    connection.execute(f"create macro {name}({', '.join(parameters)}) as table {definition}")


def _problems(connection: duckdb.DuckDBPyConnection, counts: dict[str, int]) -> list[str]:
    """Say what is wrong with the lists."""
    problems = [
        f"- {count} lists of {table} repeat an item or a rank, or have a gap"
        for table, *columns in LISTS
        if (count := _number(connection, _broken_lists(table, *columns)))
    ]
    needed = [POPULAR, *([PERSONAL] if _number(connection, OFFERABLE) else [])]
    empty = [table for table in needed if not counts[table]]
    has_events = _number(connection, f"select count(*) from (from {LOG} limit 1)")
    if empty and has_events:
        rejected = _number(
            connection, "select count(*) from warehouse.staging.stg_events__rejected"
        )
        problems.append(
            f"- {' and '.join(empty)} are empty though the log has events, of which {rejected} "
            "were rejected; staging.stg_events__rejected says why"
        )
    return problems


def _broken_lists(table: str, owner: str, rank: str, item: str) -> str:
    return f"""
        select count(*) from (
            select {owner} from {table}
            group by {owner}
            having
                count(distinct {item}) != count(*)
                or count(distinct {rank}) != count(*)
                or min({rank}) != 1
                or max({rank}) != count(*)
        )
    """


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _quoted(path: Path | str) -> str:
    return str(path).replace("'", "''")
