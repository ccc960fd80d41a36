"""Where the command line writes, and where other programs' output goes meanwhile."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


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
        console = Console(file=stream, highlight=False, soft_wrap=not stream.isatty())
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
