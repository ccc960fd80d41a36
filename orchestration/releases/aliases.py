"""Moving aliases: a journal that is written first, the file that is read, and how they are mended.

The journal `history.jsonl` holds every change with all aliases after it; `aliases.json` is what
its last line says. A process that dies between the two leaves a journal that is ahead, and whoever
comes next brings the file up to it. MLflow follows (`orchestration/releases/registry.py`).
"""

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.files import replacing, sync
from orchestration.releases.changes import MOVES, Change, change_json, change_of, pointers_json
from serving.pointers import ALIASES, HISTORY, Pointers, PointersError, read_pointers

LOCK = "aliases.lock"


@contextmanager
def holding_aliases(releases: Path) -> Iterator[None]:
    """Let nobody else move an alias meanwhile; waits for who does, which takes milliseconds."""
    releases.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(releases / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_history(releases: Path) -> list[Change]:
    """Return every change, oldest first; half a line at the end was never a change.

    Raises
    ------
    PointersError
        If a line before the last cannot be read.
    """
    path = releases / HISTORY
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    changes: list[Change] = []
    # What follows the last line feed was not written to its end.
    for number, line in enumerate(lines[:-1], start=1):
        try:
            changes.append(change_of(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise PointersError(
                f"line {number} of {path} cannot be read ({reason}); move the file away, and "
                "`topshelf promote RELEASE` begins another"
            ) from error
    return changes


def last_change(releases: Path) -> Change | None:
    """Return the last change that moved an alias, or None."""
    moved = [change for change in read_history(releases) if change.action in MOVES]
    return moved[-1] if moved else None


def record_change(releases: Path, change: Change) -> None:
    """Write a change down, then let it take effect; the caller holds the aliases.

    Whatever moment the process dies at, the file is the old one or the new one, and `mend` makes it
    the new one if the journal has the change.
    """
    _append(releases / HISTORY, json.dumps(change_json(change), allow_nan=False).encode())
    if change.action in MOVES:
        write_pointers(releases, change.pointers)


def write_pointers(releases: Path, pointers: Pointers) -> None:
    """Replace the file that every serving process watches, in one step."""
    with replacing(releases / ALIASES) as path:
        path.write_text(json.dumps(pointers_json(pointers), indent=1), encoding="utf-8")


def mend(releases: Path) -> Pointers:
    """Bring the file up to the journal, and return the aliases; the caller holds them.

    The journal is right: it was written first. A file without a journal is one that came from
    elsewhere, and stays.
    """
    change = last_change(releases)
    try:
        found = read_pointers(releases)
    except PointersError:
        if change is None:
            raise
        found = Pointers(version=-1)
    if change is not None and found != change.pointers:
        write_pointers(releases, change.pointers)
        return change.pointers
    return found


def trail_of(releases: Path) -> list[str]:
    """Return the releases that were live before, oldest first."""
    change = last_change(releases)
    return list(change.trail) if change else []


def who() -> str:
    """Return who is at work, for the history."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _append(path: Path, line: bytes) -> None:
    """Add a line, on the disk when this returns; half a line of a dead process goes first."""
    is_new = not path.exists()
    with path.open("ab") as file:
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            file.truncate(data.rfind(b"\n") + 1)
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync(path.parent)
