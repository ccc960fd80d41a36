"""Reading on in the landing log: only what came since the last time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from serving.landing.segments import ENDING, hour_of

# By the name of a segment, the bytes of it that were read.
Cursor = Mapping[str, int]


@dataclass(frozen=True)
class Landed:
    """Rows of the log, and how far it is read with them.

    Attributes
    ----------
    rows : list of dict
        One per complete line, segment by segment; a line that is no JSON object is passed over.
    cursor : dict of str to int
        To read on from.
    """

    rows: list[dict[str, Any]]
    cursor: dict[str, int]


def rows_after(folder: Path, cursor: Cursor, since: datetime, limit: int) -> Landed:
    """Read the lines of a stream that lie behind a cursor.

    A torn last line waits until it is complete, or cut. Of segments that were read to their end
    nothing is opened; of older ones than `since` only the names are looked at.

    Parameters
    ----------
    folder : Path
        Folder of the stream; it need not exist.
    cursor : mapping of str to int
        As a former call gave it; empty reads from `since` on.
    since : datetime
        What landed before does not matter; with its time zone. Segments of earlier hours are left
        out, of the cursor too, which so stays small.
    limit : int
        Most lines read, >= 1.

    Raises
    ------
    ValueError
        If `limit` is below 1.
    """
    if limit < 1:
        raise ValueError(f"limit must be >= 1, got {limit}")
    first = hour_of(since)
    rows: list[dict[str, Any]] = []
    ends: dict[str, int] = {}
    left = limit
    for path in sorted(folder.glob(f"*{ENDING}")):
        if path.name < first:
            continue
        start = cursor.get(path.name, 0)
        lines = _lines(path, start, left)
        left -= len(lines)
        rows += [row for line in lines if (row := _object(line)) is not None]
        ends[path.name] = start + sum(map(len, lines))
    return Landed(rows, ends)


def _lines(path: Path, start: int, limit: int) -> list[bytes]:
    """Read complete lines from a place on, at most `limit`."""
    found: list[bytes] = []
    try:
        if limit < 1 or path.stat().st_size <= start:
            return found
        file = path.open("rb")
    except FileNotFoundError:
        return found  # It was empty, and another process removed it meanwhile.
    with file:
        file.seek(start)
        for line in file:
            if len(found) == limit or not line.endswith(b"\n"):
                break
            found.append(line)
    return found


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None
