"""The newest part of a stream, for streams of which nobody needs the rest.

Events and impressions are what everything is made from, and stay for ever. What else is landed may
be a sample of which the newest rows say all: its oldest segments go as new ones begin.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serving.landing.segments import ENDING, rows_in

# The hour, as `hour_of` writes it: processes share an hour, and their numbers have no order.
HOUR_LETTERS = len("20260301T12")


def remove_oldest(folder: Path, kept_bytes: int) -> int:
    """Remove the oldest segments of a stream beyond a size; one that a process has open stays.

    Parameters
    ----------
    folder : Path
        Folder of the stream.
    kept_bytes : int
        Of the newest segments together, >= 0.

    Returns
    -------
    int
        Segments that were removed.
    """
    size = removed = 0
    for path, bytes_of_it in _newest_first(folder):
        size += bytes_of_it
        if size > kept_bytes:
            removed += _remove(path)
    return removed


def newest_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Read the complete lines of a stream, newest first.

    No more is read than the segments of the rows that are taken.

    Parameters
    ----------
    folder : Path
        Folder of the stream.

    Yields
    ------
    dict
        A line; one that is torn, or is no JSON object, is passed over.
    """
    for path, _ in _newest_first(folder):
        try:
            lines = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            continue  # Another process removed it meanwhile.
        yield from rows_in(reversed(lines[:-1]))


def _newest_first(folder: Path) -> list[tuple[Path, int]]:
    """Return the segments and their sizes, by hour and by when they were written last."""
    found = []
    for path in folder.glob(f"*{ENDING}"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.append((path.name[:HOUR_LETTERS], status.st_mtime_ns, path, status.st_size))
    return [(path, size) for *_, path, size in sorted(found, reverse=True)]


def _remove(path: Path) -> bool:
    """Remove a segment, unless its writer lives or another process was faster."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except (BlockingIOError, FileNotFoundError):
        return False
    finally:
        os.close(file)
    return True
