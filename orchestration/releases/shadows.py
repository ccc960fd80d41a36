"""What the shadow release would have answered, as the table `ml.shadow_comparisons`."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd

from ml.shadow import ListPair, compare_lists
from orchestration.releases.mirror import replace_or_say
from orchestration.resources import Warehouse
from serving.bundle import Bundle
from serving.bundle_files import BundleError, releases_on_disk
from serving.landing import newest_rows

TABLE = "ml.shadow_comparisons"
# Two lists of twenty each: some tens of megabytes.
NEWEST = 20_000


def compare_shadows(
    landing: Path, releases: Path, now: datetime, newest: int = NEWEST
) -> pd.DataFrame:
    """Compare both answers to every request that a shadow repeated, by pair of releases.

    Parameters
    ----------
    landing : Path
        The folder of the landing log `shadow`: a folder for a live release, in it one for a shadow.
    releases : Path
        The folder of the releases; a pair whose live release is gone is left out.
    now : datetime
        When it is compared, UTC.
    newest : int
        Most requests of a pair of releases that count, the newest, >= 1.

    Returns
    -------
    DataFrame
        Rows of `ml.shadow_comparisons`.
    """
    frames = [
        compare_lists(_newest_pairs(folder, newest), size).assign(
            shadow_release_id=folder.name, live_release_id=folder.parent.name
        )
        for folder in sorted(landing.glob("*/*"))
        for size in _catalogue_size(releases / folder.parent.name)
    ]
    if not frames:
        return pd.DataFrame()
    return pd.concat(frames, ignore_index=True).assign(
        compared_at=pd.Timestamp(now).tz_convert("UTC").tz_localize(None)
    )


def write_shadows(warehouse: Warehouse, landing: Path, releases: Path, now: datetime) -> int:
    """Write the comparisons into the warehouse; return how many rows there are.

    The log of pairs whose live release is gone is removed: nothing says any more what it could
    have shown.

    Raises
    ------
    MirrorError
        If the warehouse cannot take them now.
    """
    kept = set(releases_on_disk(releases))
    for folder in landing.glob("*/"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    frame = compare_shadows(landing, releases, now)
    return 0 if frame.empty else replace_or_say(warehouse, TABLE, frame)


def _newest_pairs(folder: Path, newest: int) -> list[ListPair]:
    """Read the answers to the newest requests of a pair of releases, and no more."""
    found: dict[str, ListPair] = {}
    for row in newest_rows(folder):
        # By request: the log holds each line at least once.
        found[row["request_id"]] = ListPair(
            row["live_items"], row["shadow_items"], row["live_scores"], row["shadow_scores"]
        )
        if len(found) == newest:
            break
    return list(found.values())


def _catalogue_size(folder: Path) -> Iterator[int]:
    try:
        offered = int(Bundle.open(folder).arrays["item_is_offered"].sum())
    except BundleError:
        return
    yield max(offered, 1)
