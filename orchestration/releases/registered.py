"""All releases there have been, and what has become of them."""

from pathlib import Path

import pandas as pd

from orchestration.releases.aliases import read_history
from serving.bundle_files import releases_on_disk

COLUMNS = ("release_id", "was_live", "is_kept", "is_live", "is_previous")


def registered_releases(releases: Path) -> pd.DataFrame:
    """Say of every release whether it ever answered, and whether it still could.

    Parameters
    ----------
    releases : Path
        The folder of the releases.

    Returns
    -------
    DataFrame
        `release_id`, by which it is ordered, `was_live`, `is_kept` (its files are there),
        `is_live` and `is_previous` (what a rollback goes back to).
    """
    history = read_history(releases)
    kept = set(releases_on_disk(releases))
    was_live = {change.pointers.live for change in history}
    now = history[-1].pointers if history else None
    names = sorted(kept | {change.release_id for change in history})
    rows = [
        (
            name,
            name in was_live,
            name in kept,
            now is not None and name == now.live,
            now is not None and name == now.previous,
        )
        for name in names
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
