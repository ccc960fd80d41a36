"""What the shadow release would have answered, as the table `ml.shadow_comparisons`."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd

from ml.shadow import ListPair, compare_lists
from orchestration.releases.mirror import replace_or_say
from orchestration.resources import Warehouse
from serving.bundle import Bundle
from serving.bundle_files import BundleError
from serving.landing import landed_rows

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
        The folder of the landing log `shadow`.
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
    pairs: dict[tuple[str, str], dict[str, ListPair]] = defaultdict(dict)
    for row in landed_rows(landing):
        found = pairs[row["shadow_release_id"], row["live_release_id"]]
        # By request: the log holds each line at least once.
        found[row["request_id"]] = ListPair(
            row["live_items"], row["shadow_items"], row["live_scores"], row["shadow_scores"]
        )
        if len(found) > newest:
            del found[next(iter(found))]
    frames = [
        compare_lists(found.values(), size).assign(shadow_release_id=shadow, live_release_id=live)
        for (shadow, live), found in pairs.items()
        for size in _catalogue_size(releases / live)
    ]
    if not frames:
        return pd.DataFrame()
    return pd.concat(frames, ignore_index=True).assign(
        compared_at=pd.Timestamp(now).tz_convert("UTC").tz_localize(None)
    )


def write_shadows(warehouse: Warehouse, landing: Path, releases: Path, now: datetime) -> int:
    """Write the comparisons into the warehouse; return how many rows there are.

    Raises
    ------
    MirrorError
        If the warehouse cannot take them now.
    """
    frame = compare_shadows(landing, releases, now)
    return 0 if frame.empty else replace_or_say(warehouse, TABLE, frame)


def _catalogue_size(folder: Path) -> Iterator[int]:
    try:
        offered = int(Bundle.open(folder).arrays["item_is_offered"].sum())
    except BundleError:
        return
    yield max(offered, 1)
