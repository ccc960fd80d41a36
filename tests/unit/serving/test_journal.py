"""What the journal says, whatever became of its lines."""

import json

import pytest

from serving.journal import AliasWatch, Told, journalled_pointers
from serving.pointers import ALIASES, HISTORY, Canary, Pointers

FIRST = Pointers(1, "r1")
SECOND = Pointers(2, "r2", Canary("r3", 5.0, "r3"), None, "r1")
TOLD = {
    1: {"version": 1, "live": "r1", "canary": None, "shadow": None, "previous": None},
    2: {
        "version": 2,
        "live": "r2",
        "canary": {"release_id": "r3", "percent": 5, "salt": "r3"},
        "shadow": None,
        "previous": "r1",
    },
}


def line(version: int) -> str:
    return json.dumps({"pointers": {"format_version": 1, **TOLD[version]}}) + "\n"


def write(folder, *lines):
    (folder / HISTORY).write_text("".join(lines))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), None),
        (("nonsense\n", "{}\n", "[]\n"), None),
        ((line(1), line(2)), SECOND),
        # Half a line at the end was never a change; a damaged one is one that is not known.
        ((line(1), line(2)[:-2]), FIRST),
        ((line(1), line(2), "nonsense\n"), SECOND),
        (("nonsense\n", line(1)), FIRST),
    ],
)
def test_the_last_line_that_can_be_read_counts(tmp_path, lines, expected):
    write(tmp_path, *lines)
    assert journalled_pointers(tmp_path) == expected


def test_without_a_journal_it_says_nothing(tmp_path):
    assert journalled_pointers(tmp_path) is None
    assert AliasWatch(tmp_path).look() == Told(Pointers(), is_lost=True)


def test_a_journal_that_goes_on_is_read_again(tmp_path):
    watch = AliasWatch(tmp_path)
    write(tmp_path, line(1))
    assert watch.look().pointers == FIRST
    write(tmp_path, line(1), line(2))
    assert watch.look().pointers == SECOND


def test_a_journal_that_knows_less_than_was_read_is_not_listened_to(tmp_path):
    write(tmp_path, line(1))
    told = AliasWatch(tmp_path).look(SECOND)
    assert told.pointers == SECOND
    assert "what was read before says what is live" in told.fault


def test_the_file_is_right_where_it_can_be_read(tmp_path):
    write(tmp_path, line(1), line(2))
    (tmp_path / ALIASES).write_text(json.dumps({"format_version": 1, **TOLD[1]}))
    assert AliasWatch(tmp_path).look(SECOND) == Told(FIRST)
