import json

import pytest

from serving.buckets import bucket
from serving.pointers import ALIASES, Canary, Pointers, PointersError, PointerWatch, read_pointers

TOLD = {
    "format_version": 1,
    "version": 3,
    "live": "r2",
    "canary": {"release_id": "r3", "percent": 5, "salt": "r3"},
    "shadow": None,
    "previous": "r1",
}


def replace(folder, **changes):
    unfinished = folder / "new"
    unfinished.write_text(json.dumps({**TOLD, **changes}))
    unfinished.replace(folder / ALIASES)


def test_without_a_file_nothing_has_an_alias(tmp_path):
    assert read_pointers(tmp_path) == Pointers()
    assert Pointers().variant_of("ann") == "live"
    assert Pointers().release_of("canary") is None


def test_every_alias_is_read(tmp_path):
    replace(tmp_path)
    found = read_pointers(tmp_path)
    assert found == Pointers(3, "r2", Canary("r3", 5.0, "r3"), None, "r1")
    assert [found.release_of(name) for name in ("live", "canary", "shadow", "previous")] == [
        "r2",
        "r3",
        None,
        "r1",
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format_version": 2}', '{"format_version": 1}']
)
def test_what_cannot_be_understood_is_said(text, tmp_path):
    (tmp_path / ALIASES).write_text(text)
    with pytest.raises(PointersError, match=r"aliases\.json cannot be read .* --repair"):
        read_pointers(tmp_path)


def test_a_watch_sees_each_change(tmp_path):
    watch = PointerWatch(tmp_path)
    assert watch.look() == Pointers()
    replace(tmp_path)
    assert watch.look().live == "r2"
    before = watch.look()
    assert watch.look() is before
    # Of the same length, and perhaps within the same tick of the clock.
    replace(tmp_path, live="r9")
    assert watch.look().live == "r9"
    (tmp_path / ALIASES).unlink()
    assert watch.look() == Pointers()


def test_a_damaged_file_is_complained_of_at_every_look(tmp_path):
    watch = PointerWatch(tmp_path)
    (tmp_path / ALIASES).write_text("{")
    for _ in range(2):
        with pytest.raises(PointersError):
            watch.look()


@pytest.mark.parametrize(("percent", "most"), [(0.01, 0), (5, 499), (100, 9999)])
def test_a_canary_answers_the_buckets_below_its_share(percent, most):
    canary = Canary("r3", percent, "r3")
    users = [f"u{number}" for number in range(30_000)]
    assert {user for user in users if canary.has(user)} == {
        user for user in users if bucket("r3", user) <= most
    }


def test_raising_the_share_keeps_those_who_are_in():
    users = [f"u{number}" for number in range(5000)]
    few, many = Canary("r3", 5, "s"), Canary("r3", 20, "s")
    assert {user for user in users if few.has(user)} < {user for user in users if many.has(user)}
