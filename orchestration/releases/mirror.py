"""The history of the releases as a table of the warehouse, for SQL to look at."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from orchestration.releases.aliases import read_history
from orchestration.releases.changes import Change
from orchestration.resources import Warehouse
from orchestration.warehouse_lock import WarehouseInUseError

TABLE = "ml.release_changes"


class MirrorError(RuntimeError):
    """The warehouse cannot take the history now; the next run writes it."""


def changes_frame(changes: list[Change]) -> pd.DataFrame:
    """Lay the history out as rows of `ml.release_changes`."""
    rows = [
        {
            "change_number": number,
            "release_id": change.release_id,
            "action": change.action,
            "changed_by": change.changed_by,
            "reason": change.reason,
            "failed_gates": json.dumps(change.gates),
            "live_release_id": change.pointers.live,
            "canary_release_id": change.pointers.release_of("canary"),
            "shadow_release_id": change.pointers.shadow,
            "previous_release_id": change.pointers.previous,
            "version": change.version,
            "canary_percent": change.pointers.canary.percent if change.pointers.canary else np.nan,
            "is_forced": change.is_forced,
            "changed_at": pd.Timestamp(change.changed_at).tz_convert("UTC").tz_localize(None),
        }
        for number, change in enumerate(changes, start=1)
    ]
    return pd.DataFrame(rows)


def mirror(warehouse: Warehouse, releases: Path) -> int:
    """Write the whole history into the warehouse; return how many changes there are.

    Raises
    ------
    MirrorError
        As `replace_or_say`.
    """
    changes = read_history(releases)
    return replace_or_say(warehouse, TABLE, changes_frame(changes)) if changes else 0


def replace_or_say(warehouse: Warehouse, table: str, frame: pd.DataFrame) -> int:
    """Write the whole content of a table; return how many rows it has.

    Raises
    ------
    MirrorError
        If another process holds the warehouse longer than the resource waits, or there is none.
    """
    try:
        return warehouse.replace(table, frame)
    except (WarehouseInUseError, duckdb.Error) as error:
        reason = str(error).splitlines()[0]
        raise MirrorError(
            f"{table} of the warehouse does not show this yet ({reason}); the next run, or "
            "`topshelf releases --repair`, writes it"
        ) from error
