"""Where the command line writes, and where other programs' output goes meanwhile."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console


def plain_console(
    *, stderr: bool = False, soft_wrap: bool = False, file: IO[str] | None = None
) -> Console:
    """Give a console that writes text as it is.

    Ids, titles, paths and messages may hold what Rich takes for markup or for the code of an
    emoji, such as `[red]` and `:id:`; style comes with `rich.text.Text` and `style=` alone.

    Parameters
    ----------
    stderr : bool
        Whether it writes to standard error instead of standard output.
    soft_wrap : bool
        Whether long lines are left to the terminal, so that paths stay whole.
    file : IO, optional
        Where to write instead of both.
    """
    return Console(
        stderr=stderr, soft_wrap=soft_wrap, file=file, highlight=False, markup=False, emoji=False
    )


@contextmanager
def own_terminal(verbose: bool) -> Iterator[Console]:
    """Give a console on standard error that nobody else writes to.

    What dbt, Dagster and Feast print is thrown away for the length of the `with` block, unless
    `verbose`; Dagster keeps it with the run either way.

    Parameters
    ----------
    verbose : bool
        Whether others may print too.

    Yields
    ------
    Console
        Plain where the output is not a terminal.
    """
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as stream:
        console = plain_console(file=stream, soft_wrap=not stream.isatty())
        if verbose:
            yield console
            return
        with _silenced(sys.stdout.fileno()), _silenced(sys.stderr.fileno()):
            yield console


@contextmanager
def _silenced(descriptor: int) -> Iterator[None]:
    """Point a descriptor, which subprocesses inherit, at nothing."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(descriptor)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(nothing)
