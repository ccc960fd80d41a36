"""What a release takes: every array that grows with users or items is counted once."""

import pytest

from benchmarks.serving.memory import memory
from benchmarks.serving.release import make_release
from serving.bundle_arrays import ARRAYS

SIZES = {"users": 1000, "items": 100}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Make a release, and one with more users and one with more items."""
    home = tmp_path_factory.mktemp("releases")
    grown = {"plain": SIZES, **{of: {**SIZES, of: 3 * count} for of, count in SIZES.items()}}
    return {name: make_release(home / name, **counts) for name, counts in grown.items()}


def bytes_of(folder):
    return {name: (folder / f"{name}.npy").stat().st_size for name in ARRAYS}


def told_of(folder, of):
    return {row["part"]: row["bytes_each"] for row in memory(folder) if row["of"] == of}


@pytest.mark.parametrize("of", list(SIZES))
def test_what_grows_with_users_is_theirs_and_what_grows_with_items_too(folders, of):
    plain, grown = bytes_of(folders["plain"]), bytes_of(folders[of])
    # Popular lists belong to segments; they are longer only because the catalogue is tiny.
    owned = [name for name in ARRAYS if not name.startswith("popular_")]
    growth = sum(grown[name] - plain[name] for name in owned)
    count = SIZES[of]
    told = (
        told_of(folders[of], of)["all"] * 3 * count - told_of(folders["plain"], of)["all"] * count
    )
    # Means are rounded to a tenth of a byte.
    assert told == pytest.approx(growth, abs=0.05 * 4 * count)


@pytest.mark.parametrize("of", list(SIZES))
def test_the_parts_make_up_the_whole(folders, of):
    parts = told_of(folders["plain"], of)
    assert parts.pop("all") == pytest.approx(sum(parts.values()), abs=0.1 * len(parts))
