"""Answering a question from the published snapshot."""

import json
import shlex
import sys
from collections.abc import Callable
from typing import TypeVar

import duckdb
from rich.console import Group, RenderableType
from rich.table import Table

from orchestration.explanations import NotServedError
from orchestration.lookups import NothingPublishedError, Row, open_snapshot
from orchestration.mapping import MappingError, load_mapping
from orchestration.settings import Settings
from orchestration.terminal.streams import plain_console

Answer = TypeVar("Answer")


def answer(
    settings: Settings,
    question: Callable[[duckdb.DuckDBPyConnection], Answer],
    drawn: Callable[[Answer], RenderableType] | None,
) -> int:
    """Ask the snapshot of a log, and write the answer to standard output.

    Parameters
    ----------
    settings : Settings
        Which log.
    question : callable
        From a connection to rows, or whatever else JSON can hold.
    drawn : callable, optional
        From them to what the terminal shows; JSON when left out.

    Returns
    -------
    int
        Exit code: 1 if there is nothing to ask.
    """
    try:
        mapping = load_mapping(settings.mapping, settings.project_root)
        with open_snapshot(settings.places(mapping.name).snapshot) as connection:
            found = question(connection)
    except (MappingError, NotServedError) as error:
        complain(str(error))
        return 1
    except NothingPublishedError as error:
        complain_of_nothing(error, settings)
        return 1
    if drawn is None:
        write_json(found)
    else:
        show(drawn(found))
    return 0


def rows_table(rows: list[Row], columns: dict[str, str]) -> Table:
    """Show some columns of rows: name in the row to head of the column."""
    table = Table(box=None, pad_edge=False)
    for name, head in columns.items():
        is_number = any(isinstance(row[name], int | float) for row in rows)
        table.add_column(head, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_shown(row[name]) for name in columns))
    return table


def show(renderable: RenderableType) -> None:
    """Write to standard output, for people; lines that must not be broken are not cut either."""
    # A text by itself would forget that its lines must not be broken.
    plain_console().print(Group(renderable), crop=False)


def complain(message: str) -> None:
    """Write to standard error what went wrong."""
    plain_console(stderr=True, soft_wrap=True).print(message, style="red")


def complain_of_nothing(error: NothingPublishedError, settings: Settings) -> None:
    """Write to standard error that there is no snapshot, and what makes one."""
    complain(f"{error}; `topshelf run --mapping {shlex.quote(settings.mapping)}` makes it")


def write_json(value: object) -> None:
    """Write to standard output, for other programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
