"""What a release takes, a user and an item."""

from pathlib import Path

from serving.bundle import Bundle
from serving.bundle_arrays import ARRAYS, STARTS

MILLION = 1_000_000
# Arrays that belong to users or items and are no tables of rows, by the beginning of their names.
OWNED = {"user": "user_id", "item": "item_id", "factor": "item_id"}
OWNERS = {"user_id": "users", "item_id": "items"}


def memory(folder: Path) -> list[dict[str, object]]:
    """Add up the arrays of a release by what they tell, and by whom they belong to.

    Parameters
    ----------
    folder : Path
        Of a release, made by a run or for a benchmark.

    Returns
    -------
    list of dict
        A row per part of what is told of users, then of items, each with a row for all parts: the
        mean bytes of one, and the megabytes (10^6 bytes) of a million. Arrays are mapped: what is
        read of them is in memory, and can be taken back.
    """
    bundle = Bundle.open(folder)
    counts = {"user_id": bundle.user_count, "item_id": bundle.item_count}
    sizes: dict[tuple[str, str], int] = {}
    for name in ARRAYS:
        part = name.split("_")[0]
        owner = STARTS[part][0] if part in STARTS else OWNED.get(part)
        if owner in counts:
            # Tables of rows as a whole, what stands beside ids one by one.
            told = part if part in STARTS else name.removesuffix("_text").removesuffix("_starts")
            size = (folder / f"{name}.npy").stat().st_size
            for place in (told, "all"):
                sizes[owner, place] = sizes.get((owner, place), 0) + size
    return [
        {
            "of": OWNERS[owner],
            "part": told,
            "bytes_each": round(size / max(1, counts[owner]), 1),
            "mb_a_million": round(size / max(1, counts[owner]) * MILLION / 1e6),
        }
        for (owner, told), size in sorted(
            sizes.items(), key=lambda one: (one[0][0] == "item_id", one[1])
        )
    ]
