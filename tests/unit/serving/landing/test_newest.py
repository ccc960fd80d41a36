"""Streams of which the newest part is enough: read from their end, and cut at their beginning."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.landing import LandingLog, newest_rows, remove_oldest
from serving.landing.segments import Segment

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write(folder: Path, name: str, *numbers: int, written_at: int = 0) -> Path:
    """Write a segment, a row of nine bytes for each number."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(f'{{"n": {number}}}\n' for number in numbers))
    os.utime(path, (written_at, written_at))
    return path


@pytest.fixture
def stream(tmp_path):
    """Give three segments of eighteen bytes, of which the first two are of one hour."""
    # The later one has the smaller number of a process.
    write(tmp_path, "20260301T11-7-bb", 1, 2, written_at=1)
    write(tmp_path, "20260301T11-3-aa", 3, 4, written_at=2)
    write(tmp_path, "20260301T12-5-cc", 5, 6, written_at=0)
    return tmp_path


@pytest.mark.parametrize(
    ("kept_bytes", "expected"),
    [
        (54, [6, 5, 4, 3, 2, 1]),
        (53, [6, 5, 4, 3]),
        (18, [6, 5]),
        (17, []),
    ],
)
def test_the_oldest_segments_beyond_a_size_go(stream, kept_bytes, expected):
    assert remove_oldest(stream, kept_bytes) == 3 - len(expected) / 2
    assert [row["n"] for row in newest_rows(stream)] == expected


def test_a_segment_that_a_process_has_open_stays(tmp_path):
    segment = Segment(tmp_path, NOON)
    segment.append(b'{"n": 1}\n')
    assert remove_oldest(tmp_path, 0) == 0
    segment.close()
    assert remove_oldest(tmp_path, 0) == 1
    assert remove_oldest(tmp_path / "none", 0) == 0


def test_rows_come_newest_first_and_nothing_else_is_read(stream, monkeypatch):
    read = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (read.append(path.name), real(path))[1])
    rows = newest_rows(stream)
    assert [next(rows)["n"] for _ in range(3)] == [6, 5, 4]
    assert read == ["20260301T12-5-cc.jsonl", "20260301T11-3-aa.jsonl"]
    assert [row["n"] for row in rows] == [3, 2, 1]


def test_a_line_that_is_torn_or_says_nothing_is_passed_over(tmp_path):
    path = write(tmp_path, "20260301T12-5-cc", 1)
    path.write_bytes(path.read_bytes() + b'nonsense\n[]\n{"n": 2}\n{"n": 3')
    assert [row["n"] for row in newest_rows(tmp_path)] == [2, 1]
    assert list(newest_rows(tmp_path / "none")) == []


def test_a_log_that_keeps_so_much_cuts_its_beginning_as_it_goes_on(tmp_path):
    kept = LandingLog(tmp_path / "events", segment_bytes=100)
    bounded = LandingLog(tmp_path / "shadow", segment_bytes=100, kept_bytes=500)
    for number in range(200):
        for log in (kept, bounded):
            log.append([{"n": number}]).result(10)
    for log in (kept, bounded):
        log.close()
    # Files that were written in one tick of the clock may change places.
    assert {*range(180, 200)} <= {row["n"] for row in newest_rows(bounded.folder)}
    size = sum(path.stat().st_size for path in bounded.folder.iterdir())
    # What is being written comes on top of what is kept.
    assert 400 <= size <= 600
    assert len(list(newest_rows(kept.folder))) == 200
