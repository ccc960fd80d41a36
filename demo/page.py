"""The page of the experiment, with the truth in it."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from demo.plan import EXPERIMENT
from demo.summary import DemoSummary, finding
from orchestration.report.pages import Truth, experiment_page
from orchestration.report.tables import read_tables


def write_page(summary: DemoSummary, snapshot: Path, path: Path) -> None:
    """Write what `topshelf report` writes, and what is true beside it.

    Parameters
    ----------
    summary : DemoSummary
    snapshot : Path
        What the last run published.
    path : Path
        Overwritten.
    """
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        tables, now = read_tables(connection), datetime.now(UTC)
    page = experiment_page(tables, EXPERIMENT, now, truth_of(summary))
    path.write_text(page, encoding="utf-8")


def truth_of(summary: DemoSummary) -> Truth:
    """Say what is true; rates in percent, lifts in percentage points.

    Parameters
    ----------
    summary : DemoSummary
    """
    truth = summary.truth
    lifts = {look["exposed_date"]: look["true_lift"] for look in summary.looks}
    lived = (
        "If everybody had lived the same days with one arm, with the same draws of who comes, "
        f"{truth['treatment']:.1%} would have been back on the seventh day with topshelf and "
        f"{truth['control']:.1%} with most popular items. "
        f"That difference is known to {truth['standard_error'] * 196:.1f} points."
    )
    known = {date: lift for date, lift in lifts.items() if lift is not None}
    return Truth((f"{finding(summary)}.", lived), known)
