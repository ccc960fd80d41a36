"""The command `python -m benchmarks.speed`."""

import os
import shutil
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.speed.comparing import Compared, Out, compare
from benchmarks.speed.processes import GIBIBYTE, NO_LIMITS, Limits, Measured, run_task
from benchmarks.speed.sql import KEYS, differing_rows, make_tables
from benchmarks.speed.tastes import make_pairs, save_pairs

STEPS = {
    "topshelf": (1, 2, 3, 4, 5, 6, 8, 10, 15),
    "implicit": (1, 2, 3, 4, 5, 6, 8, 10, 15),
    "spark": (1, 2, 3, 4, 6),
}
# How close to implicit's result after fifteen iterations is as good.
AS_GOOD = 0.99
CORES = os.cpu_count() or 1

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Threads = Annotated[int, typer.Option(min=1, help="Processor threads.")]
Rounds = Annotated[int, typer.Option(min=1, help="Rounds; medians are shown.")]


@app.command()
def als(
    users: Annotated[int, typer.Option(min=100)] = 20_000,
    items: Annotated[int, typer.Option(min=100)] = 5_000,
    rounds: Rounds = 3,
    threads: Threads = CORES,
    with_spark: Annotated[bool, typer.Option(help="Spark MLlib too.")] = True,
) -> None:
    """Alternating least squares to equal quality: topshelf, implicit, Spark MLlib."""
    console = Console(highlight=False)
    with TemporaryDirectory() as folder:
        pairs = make_pairs(users, items, 50, seed=1)
        save_pairs(pairs, Path(folder))

        def fit(name: str, iterations: int) -> Measured:
            arguments = {
                "contender": name,
                "folder": folder,
                "iterations": iterations,
                "threads": threads,
            }
            return run_task("benchmarks.speed.als", arguments)

        wanted = AS_GOOD * fit("implicit", 15).answer["recall"]
        needed: dict[str, int] = {}
        recalls: dict[str, float] = {}
        for name in STEPS if with_spark else ("topshelf", "implicit"):
            for iterations in STEPS[name]:
                recalls[name] = fit(name, iterations).answer["recall"]
                needed[name] = iterations
                if recalls[name] >= wanted:
                    break
        found = compare({name: partial(fit, name, count) for name, count in needed.items()}, rounds)
    title = (
        f"{pairs.train.nnz:,} pairs of {users:,} users and {items:,} items, {threads} threads,"
        f" to recall@20 >= {wanted:.4f}"
    )
    extra = {name: [str(needed[name]), f"{recalls[name]:.4f}"] for name in needed}
    console.print(_table(title, found, ["iterations", "recall@20"], extra))


@app.command("top-n")
def top_n(
    users: Annotated[int, typer.Option(min=1)] = 1_000_000,
    items: Annotated[int, typer.Option(min=1)] = 100_000,
    measured_users: Annotated[
        int, typer.Option(min=1, help="Users whose lists are made.")
    ] = 20_000,
    limit_gib: Annotated[float, typer.Option(help="Address space of the process, GiB.")] = 3.0,
) -> None:
    """Best 100 unseen items, as a share of the machine's matrix products, in bounded memory."""
    found = run_task(
        "benchmarks.speed.top_n",
        {"users": users, "items": items, "measured_users": measured_users},
        address_space=int(limit_gib * GIBIBYTE),
    )
    answer = found.answer
    whole = found.seconds * users / answer["users"] / 60
    Console(highlight=False).print(
        f"model             {users:,} users, {items:,} items, 64 factors\n"
        f"lists             {answer['users']:,} users, {answer['rows']:,} rows,"
        f" {found.seconds:.1f} s\n"
        f"all users         {whole:.1f} min on one thread, at this rate\n"
        f"rate              {answer['rate']:.1f} Gflop/s\n"
        f"matrix products   {answer['machine_rate']:.1f} Gflop/s on one thread\n"
        f"share             {answer['share']:.0%}\n"
        f"peak memory       {found.peak_mib:,.0f} MiB, with {limit_gib:g} GiB of address space"
    )


@app.command()
def sql(
    events: Annotated[int, typer.Option(min=1000, help="Interactions generated.")] = 10_000_000,
    query: Annotated[list[str] | None, typer.Option(help="features, candidates; all.")] = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="duckdb, polars, pandas, spark; all.")
    ] = None,
    rounds: Rounds = 1,
    threads: Threads = CORES,
    folder: Annotated[Path | None, typer.Option(help="For the files; a temporary one.")] = None,
    limit_minutes: Annotated[float, typer.Option(help="An engine is killed after this.")] = 60.0,
    limit_gib: Annotated[
        float, typer.Option(help="An engine is killed when it holds more memory, GiB.")
    ] = 16.0,
) -> None:
    """Two dbt models by DuckDB, pandas, polars and Spark, and whether their rows are the same."""
    console = Console(highlight=False)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as temporary:
        home = Path(temporary)
        make_tables(home, events)
        os.environ["POLARS_MAX_THREADS"] = str(threads)
        for name in query or list(KEYS):
            chosen = engine or ["duckdb", "polars", "pandas", "spark"]
            limits = Limits(60 * limit_minutes, limit_gib * GIBIBYTE)
            tasks = {one: partial(_query, one, name, home, threads, limits) for one in chosen}
            found = compare(tasks, rounds)
            ended = [one for one in chosen if isinstance(found[one], Compared)]
            differing = {
                one: [f"{differing_rows(_result(home, ended[0]), _result(home, one), name):,}"]
                for one in ended
            }
            title = f"{name}: {events:,} events, {threads} threads"
            console.print(_table(title, found, ["rows that differ"], differing))


@app.command()
def day(
    events: Annotated[int, typer.Option(min=1000, help="Events of the short history.")] = 1_000_000,
    rounds: Rounds = 3,
    threads: Threads = CORES,
) -> None:
    """Cost of one more day, when the history is ten times as long."""
    console = Console(highlight=False)
    with TemporaryDirectory() as temporary:
        homes = {"18 days": (events, 18), "180 days": (10 * events, 180)}
        for name, (count, days) in homes.items():
            (Path(temporary) / name).mkdir()
            make_tables(Path(temporary) / name, count, days, users=events)
        for query in KEYS:
            tasks = {
                name: partial(_query, "duckdb", query, Path(temporary) / name, threads)
                for name in homes
            }
            title = (
                f"{query}: a day's build, {events:,} and {10 * events:,} events of the same users"
            )
            console.print(_table(title, compare(tasks, rounds), [], {}))


def _query(
    engine: str, query: str, home: Path, threads: int, limits: Limits = NO_LIMITS
) -> Measured:
    result = _result(home, engine)
    Path(result).unlink(missing_ok=True)
    shutil.rmtree(f"{result}.parts", ignore_errors=True)
    arguments = {
        "engine": engine,
        "query": query,
        "folder": str(home),
        "result": result,
        "threads": threads,
    }
    return run_task("benchmarks.speed.sql", arguments, limits=limits)


def _result(home: Path, engine: str) -> str:
    return str(home / f"{engine}.result.parquet")


def _table(
    title: str, found: dict[str, Compared | Out], heads: list[str], extra: dict[str, list[str]]
) -> Table:
    """Arrange the contenders, the one they are compared with first."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    first = next(iter(found))
    for head in ("seconds", f"times {first}", "processor seconds", "peak MiB", *heads):
        table.add_column(head, justify="right")
    for name, one in found.items():
        if isinstance(one, Out):
            table.add_row(name, one.reason)
            continue
        cells = [
            f"{one.seconds:.2f}",
            f"{one.ratio:.2f}",
            f"{one.cpu_seconds:.1f}",
            f"{one.peak_mib:,.0f}",
        ]
        table.add_row(name, *cells, *extra.get(name, []))
    return table


if __name__ == "__main__":
    app()
