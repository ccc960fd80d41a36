"""Replacing a file so that a reader, or a run after a crash, finds the old one or the new one."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# In the name of a file that is being written; nothing else in the folders has it.
UNFINISHED = ".unfinished"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a path to write to; afterwards it takes the place of `target`, in one step.

    If the block raises, `target` stays as it was. What a killed run left behind is removed by the
    next one. One process at a time may replace a target.

    Parameters
    ----------
    target : Path
        The file to replace, or to make. Its folder exists.

    Yields
    ------
    Path
        A path in the same folder at which nothing is; the block must make a file of it.
    """
    remove_unfinished(target)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}{UNFINISHED}")
    try:
        yield unfinished
        sync(unfinished)
        unfinished.replace(target)
        sync(target.parent)
    finally:
        remove_unfinished(target)


def remove_unfinished(target: Path) -> None:
    """Remove what killed runs left beside `target`, with what DuckDB keeps beside a database.

    That is its write-ahead log, and the folder of what did not fit into memory.
    """
    for leftover in target.parent.glob(f"{glob.escape(target.name)}.*{UNFINISHED}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
