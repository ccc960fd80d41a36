"""Two of the dbt models by DuckDB, and the same rows by pandas, polars and Spark."""

import time
from importlib import import_module
from pathlib import Path

import duckdb
import jinja2
import yaml

ROOT = Path(__file__).parents[2]
MODELS = {
    "features": "models/features/ftr_user_activity.sql",
    "candidates": "models/candidates/cnd_item_neighbours.sql",
}
# What identifies a row of each result, and its numbers.
KEYS = {
    "features": ["user_id"],
    "candidates": ["item_id", "neighbour_item_id"],
}
CUTOFF = "2025-01-01 00:00:00"
MEMORY = "8GB"

# Users come back, four times in five to items of their own taste, one of fifty, whose popularity
# falls slowly; a third of the events is positive.
INTERACTIONS = """
    copy (
        with drawn as (
            select
                range as number,
                hash(range) % {users} as user_number,
                pow((hash(range + 1_000_000_007) % 1_000_003) / 1_000_003.0, 3) as popularity,
                case
                    when hash(range + 4_000_000_007) % 5 = 0 then hash(range + 5_000_000_029) % 50
                    else hash(hash(range) % {users} + 6_000_000_011) % 50
                end as taste,
                hash(range + 2_000_000_011) % ({days} * 86_400) as second,
                hash(range + 3_000_000_019) % 3 as kind
            from range({events})
        )
        select
            'e' || number as interaction_id,
            'u' || user_number as user_id,
            'i' || (50 * cast(floor(popularity * {items} / 50) as bigint) + taste) as item_id,
            case when kind = 0 then 'positive' else 'view' end as role,
            cast(1 + second % 7 as double) as value,
            cast('{cutoff}' as timestamp) - to_seconds(cast(second + 1 as bigint)) as interacted_at,
            cast('{cutoff}' as timestamp) - to_seconds(cast(second + 1 as bigint)) as known_at
        from drawn
    ) to '{folder}/int_interactions.parquet'
"""
HISTORIES = """
    copy (
        with pairs as (
            select user_id, item_id, max(interacted_at) as last_interacted_at
            from '{folder}/int_interactions.parquet'
            group by all
        )
        select
            user_id,
            item_id,
            row_number() over (
                partition by user_id order by last_interacted_at desc, item_id
            ) as history_position,
            dense_rank() over (
                partition by user_id order by last_interacted_at desc
            ) as history_step,
            count(*) over (partition by user_id) as history_length,
            epoch(timestamp '{cutoff}' - last_interacted_at) / 86400.0 as age_days,
            false as is_bot,
            timestamp '{cutoff}' as cutoff_at,
            last_interacted_at
        from pairs
    ) to '{folder}/int_user_histories.parquet'
"""


def make_tables(folder: Path, events: int, days: int = 180, users: int | None = None) -> None:
    """Generate the input tables of the models.

    Parameters
    ----------
    folder : Path
        Where the Parquet files go.
    events : int
        Rows of `int_interactions`.
    days : int
        How long before the cutoff they reach back.
    users : int, optional
        A tenth of the events when absent.
    """
    with duckdb.connect() as connection:
        _limit(connection, 2, folder)
        sizes = {
            "users": users or max(events // 10, 1),
            "items": 20_000,
            "days": days,
            "events": events,
        }
        for statement in (INTERACTIONS, HISTORIES):
            connection.execute(statement.format(folder=folder, cutoff=CUTOFF, **sizes))


def model_sql(name: str) -> str:
    """Render a model of the project: references as names of tables, variables as configured."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    text = (ROOT / MODELS[name]).read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=False).from_string(text)
    return template.render(ref=lambda table: table, var=lambda key: project["vars"][key])


def run(engine: str, query: str, folder: str, result: str, threads: int) -> dict:
    """Compute a model from the tables of a folder, and write the rows.

    Parameters
    ----------
    engine : str
        duckdb, pandas, polars or spark.
    query : str
        Key of `MODELS`.
    folder : str
        As of `make_tables`.
    result : str
        Path of the Parquet file to write.
    threads : int
        For the engines that use several; pandas uses one.

    Returns
    -------
    dict
        ``seconds`` from reading the files to having written the result.
    """
    if engine == "duckdb":
        return {"seconds": _duckdb(query, Path(folder), result, threads)}
    module = import_module(f"benchmarks.speed.peers.{engine}_peer")
    return {"seconds": module.run(query, Path(folder), result, threads)}


def differing_rows(first: str, second: str, query: str) -> int:
    """Count rows that only one of two results has, or whose numbers differ by over 1e-6.

    Parameters
    ----------
    first, second : str
        Parquet files.
    query : str
        Key of `MODELS`.

    Returns
    -------
    int
    """
    keys = KEYS[query]
    with duckdb.connect() as connection:
        described = connection.execute(f"describe from '{first}'").fetchall()
        columns = [name for name, kind, *_ in described if not kind.startswith("TIMESTAMP")]
        numbers = [name for name in columns if name not in keys]
        same = " and ".join(
            f"coalesce(abs(cast(a.{name} as double) - cast(b.{name} as double)) <= 1e-6"
            f" * greatest(1, abs(cast(a.{name} as double))),"
            f" a.{name} is null and b.{name} is null)"
            for name in numbers
        )
        joined = " and ".join(f"a.{key} = b.{key}" for key in keys)
        row = connection.execute(
            f"""
            select count(*) from '{first}' as a full join '{second}' as b on {joined}
            where a.{keys[0]} is null or b.{keys[0]} is null or not ({same})
            """
        ).fetchone()
    return int(row[0]) if row else 0


def _duckdb(query: str, folder: Path, result: str, threads: int) -> float:
    with duckdb.connect() as connection:
        _limit(connection, threads, folder)
        started = time.perf_counter()
        connection.execute(f"create view int_cutoffs as select timestamp '{CUTOFF}' as cutoff_at")
        for table in ("int_interactions", "int_user_histories"):
            path = folder / f"{table}.parquet"
            connection.execute(f"create view {table} as from '{path}'")
        connection.execute(f"copy ({model_sql(query)}) to '{result}'")
        return time.perf_counter() - started


def _limit(connection: duckdb.DuckDBPyConnection, threads: int, folder: Path) -> None:
    connection.execute(f"set threads = {threads}")
    connection.execute(f"set memory_limit = '{MEMORY}'")
    connection.execute(f"set temp_directory = '{folder}/spilled'")
    connection.execute("set preserve_insertion_order = false")
