import json

import pytest

from orchestration.releases import aliases
from orchestration.releases.aliases import mend, read_history
from orchestration.releases.bounds import GateBounds
from orchestration.releases.promotion import promote
from serving.pointers import ALIASES, HISTORY, Pointers, PointersError, read_pointers

BOUNDS = GateBounds()


def test_a_crash_between_journal_and_file_is_mended(three, sign, monkeypatch):
    promote(three, "r1", BOUNDS, sign())

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(aliases, "write_pointers", die)
        with pytest.raises(KeyboardInterrupt):
            promote(three, "r2", BOUNDS, sign())
    # Readers still see the old aliases, whole; the next who holds them finishes the change.
    assert read_pointers(three) == Pointers(1, live="r1")
    assert mend(three) == Pointers(2, live="r2", previous="r1")
    assert read_pointers(three) == Pointers(2, live="r2", previous="r1")


def test_half_a_line_was_never_a_change(three, sign):
    promote(three, "r1", BOUNDS, sign())
    with (three / HISTORY).open("ab") as file:
        file.write(b'{"version": 2, "changed_at": "20')
    assert len(read_history(three)) == 1
    promote(three, "r2", BOUNDS, sign())
    assert [change.release_id for change in read_history(three)] == ["r1", "r2"]


def test_a_damaged_file_of_aliases_is_written_again_from_the_journal(three, sign):
    promote(three, "r1", BOUNDS, sign())
    (three / ALIASES).write_text("{")
    with pytest.raises(PointersError):
        read_pointers(three)
    assert mend(three).live == "r1"
    assert read_pointers(three).live == "r1"


def test_a_damaged_journal_is_named_with_its_line(three, sign):
    promote(three, "r1", BOUNDS, sign())
    lines = (three / HISTORY).read_text()
    (three / HISTORY).write_text("nonsense\n" + lines)
    with pytest.raises(PointersError, match="line 1 of"):
        read_history(three)


def test_the_file_holds_what_the_reader_expects_and_no_more(three, sign):
    promote(three, "r1", BOUNDS, sign())
    told = json.loads((three / ALIASES).read_text())
    assert set(told) == {"format_version", "version", "live", "canary", "shadow", "previous"}
