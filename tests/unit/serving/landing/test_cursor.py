"""Reading on in the landing log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.landing import LandingLog, rows_after

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLY = NOON - timedelta(days=1)


def write(folder, name, text):
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.jsonl").open("a") as file:
        file.write(text)


def numbers(landed):
    return [row["n"] for row in landed.rows]


def test_a_folder_that_is_not_there_has_no_rows(tmp_path):
    assert rows_after(tmp_path / "none", {}, NOON, 10).rows == []


def test_what_was_read_is_not_read_again_across_segments(tmp_path):
    clock = [NOON]
    log = LandingLog(tmp_path, now=lambda: clock[0])
    log.append([{"n": 1}, {"n": 2}]).result(10)
    first = rows_after(tmp_path, {}, EARLY, 10)
    log.append([{"n": 3}]).result(10)
    clock[0] += timedelta(hours=1)
    log.append([{"n": 4}]).result(10)
    log.close()
    second = rows_after(tmp_path, first.cursor, EARLY, 10)
    assert (numbers(first), numbers(second)) == ([1, 2], [3, 4])
    assert len(second.cursor) == 2
    assert rows_after(tmp_path, second.cursor, EARLY, 10).rows == []


def test_a_limit_stops_between_two_lines(tmp_path):
    write(tmp_path, "20260301T12-1-a", '{"n": 1}\n{"n": 2}\n')
    write(tmp_path, "20260301T12-1-b", '{"n": 3}\n')
    cursor, found = {}, []
    for _ in range(3):
        landed = rows_after(tmp_path, cursor, EARLY, 1)
        found.append(numbers(landed))
        cursor = landed.cursor
    assert found == [[1], [2], [3]]


def test_a_torn_last_line_waits_until_it_is_complete(tmp_path):
    write(tmp_path, "20260301T12-1-a", '{"n": 1}\n{"n":')
    first = rows_after(tmp_path, {}, EARLY, 10)
    assert rows_after(tmp_path, first.cursor, EARLY, 10).cursor == first.cursor
    write(tmp_path, "20260301T12-1-a", " 2}\n")
    second = rows_after(tmp_path, first.cursor, EARLY, 10)
    assert (numbers(first), numbers(second)) == ([1], [2])


def test_a_line_that_says_nothing_is_passed_over_once(tmp_path):
    write(tmp_path, "20260301T12-1-a", 'no json\n[1]\n{"n": 1}\n')
    landed = rows_after(tmp_path, {}, EARLY, 10)
    assert numbers(landed) == [1]
    assert landed.cursor == {"20260301T12-1-a.jsonl": 21}


def test_segments_of_hours_before_the_release_are_left_out(tmp_path):
    write(tmp_path, "20260301T11-1-a", '{"n": 1}\n')
    write(tmp_path, "20260301T12-1-a", '{"n": 2}\n')
    landed = rows_after(tmp_path, {}, NOON + timedelta(minutes=30), 10)
    assert numbers(landed) == [2]
    assert [*landed.cursor] == ["20260301T12-1-a.jsonl"]


def test_an_empty_segment_that_goes_while_others_are_read_has_no_rows(tmp_path, monkeypatch):
    write(tmp_path, "20260301T12-1-a", "")
    write(tmp_path, "20260301T12-1-b", '{"n": 1}\n')
    status = Path.stat

    def removed_meanwhile(path, **how):
        if path.name == "20260301T12-1-a.jsonl":
            path.unlink()
        return status(path, **how)

    monkeypatch.setattr(Path, "stat", removed_meanwhile)
    assert numbers(rows_after(tmp_path, {}, EARLY, 10)) == [1]


def test_a_limit_below_one_is_refused(tmp_path):
    with pytest.raises(ValueError, match="limit must be >= 1, got 0"):
        rows_after(tmp_path, {}, NOON, 0)
