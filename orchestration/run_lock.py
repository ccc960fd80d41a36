"""One run at a time on a log, and knowing afterwards which runs were killed."""

import fcntl
import json
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LogInUseError(RuntimeError):
    """Another run is working on the same log."""


@contextmanager
def only_run(folder: Path, run_id: str) -> Iterator[None]:
    """Keep other processes from running on the same log for the length of a `with` block.

    The system lets go of the lock when the process ends, however it ends. Within one process the
    lock may be taken again.

    Parameters
    ----------
    folder : Path
        The folder of the log; made if it does not exist.
    run_id : str
        Who holds the lock, for others to read.

    Raises
    ------
    LogInUseError
        If a run of another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _taken(descriptor):
            raise LogInUseError(_who(folder))
        (folder / "run.json").write_text(json.dumps({"run_id": run_id, "process": os.getpid()}))
        yield
    finally:
        os.close(descriptor)


def live_runs(home: Path) -> set[str]:
    """List the runs of other processes that hold the lock of a log in `home`."""
    return {run_id for lock in home.glob("*/run.lock") if (run_id := _live_run(lock))}


def _live_run(lock: Path) -> str | None:
    descriptor = os.open(lock, os.O_RDONLY)
    try:
        return str(_holder(lock.parent).get("run_id")) if _is_held(descriptor) else None
    finally:
        os.close(descriptor)


def _is_held(descriptor: int) -> bool:
    """Tell whether another process has the lock, without taking it: a run may want it just now."""
    # A whole file from its first byte on, as C lays a lock out: kind, whence, start, length and
    # process; on macOS start, length, process, kind and whence.
    form, place, asked = "hhqqi", 0, (fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    if sys.platform == "darwin":
        form, place, asked = "qqihh", 3, (0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
    told = fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(form, *asked))
    return bool(struct.unpack(form, told)[place] != fcntl.F_UNLCK)


def _taken(descriptor: int) -> bool:
    """Take the lock; False if another process has it. Closing the descriptor gives it back."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(folder: Path) -> dict[str, object]:
    try:
        return dict(json.loads((folder / "run.json").read_text()))
    except (OSError, ValueError):
        return {}


def _who(folder: Path) -> str:
    holder = _holder(folder)
    run_id, process = str(holder.get("run_id", "unknown"))[:8], holder.get("process", "unknown")
    return (
        f"run {run_id} (process {process}) is working on {folder}; "
        "wait until it has finished, or stop it"
    )
