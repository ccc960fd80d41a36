"""Command line: simulate a shop's log, or make the shipped sample again."""

import time
from pathlib import Path
from typing import Annotated

import typer

from simulation.config import SAMPLE, WorldConfig
from simulation.writing import LogSummary, write_log

app = typer.Typer(add_completion=False)

Truth = Annotated[Path | None, typer.Option(help="Folder for the planted truth; none by default.")]


@app.callback(invoke_without_command=True)
def simulate_log(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="Folder for the log; required.")] = None,
    users: Annotated[int, typer.Option(min=1)] = SAMPLE.users,
    items: Annotated[int, typer.Option(min=1)] = SAMPLE.items,
    days: Annotated[int, typer.Option(min=1)] = SAMPLE.days,
    seed: Annotated[int, typer.Option(min=0)] = SAMPLE.seed,
    truth: Truth = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads; the log stays the same.")] = 1,
) -> None:
    """Simulate a log of any size; equal sizes and seeds give equal logs."""
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise typer.BadParameter("--out is missing: name the folder to write to")
    _write(WorldConfig(users=users, items=items, days=days, seed=seed), out, truth, workers)


@app.command("sample")
def make_sample(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("seeds/sample"),
    truth: Truth = None,
) -> None:
    """Make the sample that is shipped with the project."""
    _write(SAMPLE, out, truth, workers=1)


def describe(summary: LogSummary, seconds: float) -> str:
    """Say what was written, for people.

    Parameters
    ----------
    summary : LogSummary
    seconds : float
        Time it took, > 0.

    Returns
    -------
    str
        Several lines.
    """
    lines = [
        f"{summary.events:,} events, {summary.impressions:,} impressions"
        f" in {seconds:.1f} s ({summary.events / seconds:,.0f} events/s)"
    ]
    lines += [f"{reason:>18} {count:,}" for reason, count in sorted(summary.dirt.items())]
    return "\n".join(lines)


def _write(config: WorldConfig, out: Path, truth: Path | None, workers: int) -> None:
    """Write a log, showing progress and what came of it."""
    if truth is not None and truth.resolve() == out.resolve():
        raise typer.BadParameter(
            f"--out and --truth are both {out}, and each has an items.parquet; name two folders"
        )
    started = time.monotonic()

    def report(day: int, events: int) -> None:
        if day % max(1, config.days // 10) == 0:
            typer.echo(f"day {day} of {config.days}: {events:,} events", err=True)

    summary = write_log(config, out, truth, workers=workers, report=report)
    typer.echo(describe(summary, time.monotonic() - started))


if __name__ == "__main__":
    app()
