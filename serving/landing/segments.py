"""Segments of the landing log: one file per process and hour, a JSON object a line."""

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

ENDING = ".jsonl"
# Of a file whose first lines are not on disk yet. Readers do not see it: on a full disk there is
# one for every batch, and each goes again.
BEGUN = ".begun"
BLOCK = 64 * 1024


class Segment:
    """One file, which this process alone appends to.

    A segment is never opened a second time to write: what a crash leaves torn can only be its last
    line, and stays its last line. It has its name from the moment its first lines are on disk, so
    none that readers have seen becomes empty.

    Parameters
    ----------
    folder : Path
        Folder of the stream; it exists.
    now : datetime
        Names the file, with the process and a random part.
    """

    def __init__(self, folder: Path, now: datetime) -> None:
        self.hour = hour_of(now)
        self.path = folder / f"{self.hour}-{os.getpid()}-{secrets.token_hex(4)}{ENDING}"
        self.size = 0
        self._begun: Path | None = self.path.with_suffix(BEGUN)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._file = os.open(self._begun, flags, 0o640)
        try:
            # Held while this process lives: it tells `repair` to leave the file alone.
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError:
            self.close()
            raise

    def fits(self, now: datetime, limit_bytes: int) -> bool:
        """Tell whether the next lines still belong into this file."""
        return self.hour == hour_of(now) and self.size < limit_bytes

    def append(self, lines: bytes) -> None:
        """Write whole lines, and return when they are on disk.

        Raises
        ------
        OSError
            If they may not all be there. The segment must not be written again: whether a failed
            sync was the file's last word, nobody can tell.
        """
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fdatasync(self._file)
        if self._begun:
            self._begun.rename(self.path)
            self._begun = None
            sync_folder(self.path.parent)
        self.size += len(lines)

    def close(self) -> None:
        """Close the file, and let go of its lock; without lines that were synced, remove it."""
        if self._begun:
            # Else `repair` does it.
            with suppress(OSError):
                self._begun.unlink()
        os.close(self._file)


def repair(folder: Path) -> int:
    """Cut torn last lines off the files that no process has open, and remove what is empty then.

    Parameters
    ----------
    folder : Path
        Folder of the stream.

    Returns
    -------
    int
        Files that were cut or removed. Nothing acknowledged is lost: that was on disk with its line
        end, in a file that had its name.
    """
    begun, named = (sorted(folder.glob(f"*{ending}")) for ending in (BEGUN, ENDING))
    return sum(map(_repaired, [*begun, *named]))


def landed_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Read every complete line of a stream, oldest segment first.

    Parameters
    ----------
    folder : Path
        Folder of the stream.

    Yields
    ------
    dict
        A line; one that is torn, or is no JSON object, is passed over, as dbt does.
    """
    for path in sorted(folder.glob(f"*{ENDING}")):
        with path.open("rb") as lines:
            yield from rows_in(line for line in lines if line.endswith(b"\n"))


def rows_in(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Read complete lines; one that is no JSON object is passed over."""
    for line in lines:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(row, dict):
            yield row


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a file that is synced can still lose its name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _repaired(path: Path) -> bool:
    """Cut one file after its last line end, or remove it, unless its writer lives."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False  # Another process removed it, or its writer gave it its name.
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = os.fstat(file).st_size
        whole = 0 if path.suffix == BEGUN else _after_last_line_end(file, size)
        if whole == 0:
            path.unlink()
        elif whole == size:
            return False
        else:
            os.ftruncate(file, whole)
            os.fsync(file)
    except (BlockingIOError, FileNotFoundError):
        return False
    finally:
        os.close(file)
    return True


def _after_last_line_end(file: int, size: int) -> int:
    """Find where the last complete line ends."""
    end = size
    while end > 0:
        start = max(0, end - BLOCK)
        found = os.pread(file, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def hour_of(now: datetime) -> str:
    """Return how the names of the segments of an hour begin."""
    return f"{now.astimezone(UTC):%Y%m%dT%H}"
