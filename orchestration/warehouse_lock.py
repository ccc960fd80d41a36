"""Saying who holds the warehouse, when another process does."""

import re
from pathlib import Path

import duckdb

LOCKED = "IO Error: Could not set lock on file"


class WarehouseInUseError(RuntimeError):
    """Another process has the warehouse open, and DuckDB lets one write at a time."""


def in_use_error(path: Path, error: duckdb.IOException) -> WarehouseInUseError | None:
    """Translate DuckDB's complaint about a lock; None if it complains about something else.

    Parameters
    ----------
    path : Path
        The warehouse.
    error : duckdb.IOException
        What `duckdb.connect` raised.
    """
    message = str(error)
    if not message.startswith(LOCKED):
        return None
    holder = re.search(r"held in (?P<program>\S+) \(PID (?P<pid>\d+)\)", message)
    who = f"process {holder['pid']} ({holder['program']})" if holder else "another process"
    return WarehouseInUseError(
        f"{path} is in use by {who}; wait until it ends, or close it there. "
        "Readers should open the published snapshot, which is never locked."
    )
