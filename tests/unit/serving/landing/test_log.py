import json
import os
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import wait
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from serving.landing import LandingClosedError, LandingFullError, LandingLog, landed_rows, repair
from serving.landing.segments import Segment

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def log(tmp_path):
    log = LandingLog(tmp_path / "events")
    yield log
    log.close()


def test_a_row_is_in_the_file_when_its_future_is_done(log):
    log.append([{"event_id": "a", "note": "two\nlines"}]).result(10)
    assert list(landed_rows(log.folder)) == [{"event_id": "a", "note": "two\nlines"}]


def test_rows_of_many_threads_all_arrive_once(log):
    futures = []

    def send(thread: int) -> None:
        futures.extend(log.append([{"id": f"{thread}-{number}"}]) for number in range(200))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait(futures, 30)
    landed = [row["id"] for row in landed_rows(log.folder)]
    assert sorted(landed) == sorted(f"{t}-{n}" for t in range(8) for n in range(200))


def test_rows_that_wait_together_share_a_sync(tmp_path, monkeypatch):
    syncs, gate = [], threading.Event()
    sync = os.fdatasync

    def slow_sync(file: int) -> None:
        gate.wait(10)
        syncs.append(file)
        sync(file)

    monkeypatch.setattr(os, "fdatasync", slow_sync)
    log = LandingLog(tmp_path / "events")
    futures = [log.append([{"n": n}]) for n in range(50)]
    gate.set()
    wait(futures, 10)
    log.close()
    # The first may have been taken before the others came.
    assert len(syncs) <= 2


def test_an_hour_or_a_full_file_begins_a_new_one(tmp_path):
    moments = iter([NOON, NOON, NOON + timedelta(hours=1)])
    log = LandingLog(tmp_path / "events", segment_bytes=10, now=lambda: next(moments))
    for number in range(3):
        log.append([{"number": number}]).result(10)
    log.close()
    assert sorted(path.name[:11] for path in log.folder.iterdir()) == [
        "20260301T12",
        "20260301T12",
        "20260301T13",
    ]
    assert {row["number"] for row in landed_rows(log.folder)} == {0, 1, 2}


def test_more_rows_than_may_wait_are_refused_and_none_of_them_is_kept(tmp_path, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda _: gate.wait(10))
    log = LandingLog(tmp_path / "events", pending_rows=2)
    held = log.append([{"n": 1}, {"n": 2}])
    with pytest.raises(LandingFullError, match="at most 2"):
        log.append([{"n": 3}])
    gate.set()
    held.result(10)
    log.close()
    assert [row["n"] for row in landed_rows(log.folder)] == [1, 2]


def test_rows_that_nobody_waits_for_share_a_sync_though_they_come_one_by_one(tmp_path, monkeypatch):
    syncs = []
    monkeypatch.setattr(os, "fdatasync", syncs.append)
    log = LandingLog(tmp_path / "impressions", gather_seconds=20.0)
    futures = [log.append_lines(b'{"n": 1}\n', 1) for _ in range(5)]
    assert not wait(futures, 0.05).done
    # Its end does not wait for others any more.
    start = time.monotonic()
    log.close()
    assert time.monotonic() - start < 10
    assert all(one.done() for one in futures)
    assert len(syncs) == 1
    assert [row["n"] for row in landed_rows(log.folder)] == [1] * 5


def test_a_failed_write_is_told_and_the_next_one_goes_to_a_new_file(tmp_path, monkeypatch):
    log = LandingLog(tmp_path / "events")
    log.append([{"n": 1}]).result(10)
    sync, failing = os.fdatasync, [True]

    def fail_once(file: int) -> None:
        if failing.pop() if failing else False:
            raise OSError(28, "No space left on device")
        sync(file)

    monkeypatch.setattr(os, "fdatasync", fail_once)
    with pytest.raises(OSError, match="No space"):
        log.append([{"n": 2}]).result(10)
    log.append([{"n": 3}]).result(10)
    log.close()
    assert log.failures == 1
    assert len(list(log.folder.iterdir())) == 2
    assert {1, 3} <= {row["n"] for row in landed_rows(log.folder)}


def test_a_full_disk_leaves_no_files_and_what_was_acknowledged(tmp_path, monkeypatch):
    log = LandingLog(tmp_path / "events")
    log.append([{"n": 1}]).result(10)
    write = os.write

    def fill(file: int, lines: memoryview) -> int:
        """Take a part of the lines, as the last block of a disk does."""
        if len(lines) < 20:
            raise OSError(28, "No space left on device")
        return write(file, lines[:20])

    with monkeypatch.context() as full:
        full.setattr(os, "write", fill)
        for number in range(5):
            with pytest.raises(OSError, match="No space"):
                log.append([{"n": 2}, {"n": 2, "attempt": number}]).result(10)
    # The first of them was to be appended to what is there already.
    assert len(list(log.folder.iterdir())) == 1
    log.append([{"n": 3}]).result(10)
    log.close()
    assert log.failures == 5
    assert len(list(log.folder.iterdir())) == 2
    assert sorted(row["n"] for row in landed_rows(log.folder)) == [1, 2, 3]


@pytest.fixture
def close_fails(monkeypatch):
    """Let files be closed with an error, as those of a network that has gone are."""
    close, closed = os.close, []

    def fail(file: int) -> None:
        is_file = stat.S_ISREG(os.fstat(file).st_mode)
        close(file)
        if is_file:
            closed.append(file)
            raise OSError(5, "Input/output error at close")

    monkeypatch.setattr(os, "close", fail)
    return closed


def test_a_file_that_neither_syncs_nor_closes_is_told_and_the_next_row_is_written(
    tmp_path, monkeypatch, close_fails
):
    log = LandingLog(tmp_path / "events")
    log.append([{"n": 1}]).result(10)

    def gone(_: int) -> None:
        raise OSError(5, "Input/output error at sync")

    with monkeypatch.context() as while_gone:
        while_gone.setattr(os, "fdatasync", gone)
        with pytest.raises(OSError, match="at sync"):
            log.append([{"n": 2}]).result(10)
    log.append([{"n": 3}]).result(10)
    log.close()
    assert (log.failures, log.rows_waiting, len(close_fails)) == (1, 0, 2)
    assert {1, 3} <= {row["n"] for row in landed_rows(log.folder)}


def test_a_full_file_that_does_not_close_has_lost_nothing_and_is_closed_once(tmp_path, close_fails):
    log = LandingLog(tmp_path / "events", segment_bytes=1)
    for number in range(3):
        log.append([{"n": number}]).result(10)
    log.close()
    assert (log.failures, len(close_fails)) == (0, 3)
    assert {row["n"] for row in landed_rows(log.folder)} == {0, 1, 2}


def test_what_nobody_foresaw_is_told_and_logged_and_the_next_row_is_written(tmp_path, caplog):
    moments = iter([None, NOON])
    log = LandingLog(tmp_path / "events", now=lambda: next(moments))
    with pytest.raises(OSError, match="rows of events could not be written: AttributeError"):
        log.append([{"n": 1}]).result(10)
    log.append([{"n": 2}]).result(10)
    log.close()
    assert (log.failures, log.rows_waiting) == (1, 0)
    assert "rows of events could not be written" in caplog.text
    assert [row["n"] for row in landed_rows(log.folder)] == [2]


def test_files_that_cannot_be_begun_are_not_left_open(tmp_path, monkeypatch):
    log = LandingLog(tmp_path / "events")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = len(list(Path("/dev/fd").iterdir()))
    for number in range(5):
        with pytest.raises(OSError, match="No space"):
            log.append([{"n": number}]).result(10)
    assert len(list(Path("/dev/fd").iterdir())) == before
    log.close()


def test_a_closed_log_has_written_everything_and_takes_no_more(tmp_path):
    log = LandingLog(tmp_path / "events")
    log.append({"n": n} for n in range(100))
    log.close()
    assert len(list(landed_rows(log.folder))) == 100
    with pytest.raises(LandingClosedError):
        log.append([{"n": 1}])


@pytest.mark.parametrize("torn", [b'{"n": 2, "x', b"\0\0\0\0", b'{"n": 2}', b"x" * 200_000])
def test_a_torn_last_line_is_cut_and_what_came_before_stays(tmp_path, torn):
    path = tmp_path / "20260301T12-1-abc.jsonl"
    path.write_bytes(b'{"n": 1}\n' + torn)
    assert [row["n"] for row in landed_rows(tmp_path)] == [1]
    assert repair(tmp_path) == 1
    assert path.read_bytes() == b'{"n": 1}\n'
    assert repair(tmp_path) == 0


@pytest.mark.parametrize("content", [b"", b'{"n": '])
def test_a_file_without_a_whole_line_goes(tmp_path, content):
    path = tmp_path / "20260301T12-1-abc.jsonl"
    path.write_bytes(content)
    assert repair(tmp_path) == 1
    assert not path.exists()
    assert repair(tmp_path) == 0


def test_a_file_whose_first_lines_nobody_was_told_of_goes_with_its_writer(tmp_path, monkeypatch):
    def killed(_: int) -> None:
        raise OSError(4, "killed before the disk had it")

    segment = Segment(tmp_path, NOON)
    with monkeypatch.context() as dying:
        dying.setattr(os, "fdatasync", killed)
        with pytest.raises(OSError, match="killed"):
            segment.append(b'{"n": 1}\n')
    (path,) = tmp_path.iterdir()
    assert list(landed_rows(tmp_path)) == []
    assert repair(tmp_path) == 0
    os.close(segment._file)
    assert path.exists()
    assert repair(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_process_took_for_a_dead_ones_is_told(tmp_path):
    segment = Segment(tmp_path, NOON)
    (path,) = tmp_path.iterdir()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        segment.append(b'{"n": 1}\n')
    segment.close()
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_living_writer_is_left_alone(tmp_path):
    segment = Segment(tmp_path, NOON)
    segment.append(b'{"n": 1}\n{"half')
    assert repair(tmp_path) == 0
    segment.close()
    assert repair(tmp_path) == 1


def test_lines_are_plain_json(log):
    log.append([{"at": NOON.isoformat(), "value": 1.5}]).result(10)
    (path,) = log.folder.iterdir()
    assert json.loads(path.read_text()) == {"at": "2026-03-01T12:00:00+00:00", "value": 1.5}


def test_a_process_that_forgets_to_close_ends_and_has_written_what_waited(tmp_path):
    program = (
        "import sys; from pathlib import Path; from serving.landing import LandingLog\n"
        "LandingLog(Path(sys.argv[1])).append([{'event_id': str(n)} for n in range(500)])\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=PROJECT_ROOT, check=True, timeout=60
    )
    assert [row["event_id"] for row in landed_rows(tmp_path)] == [str(n) for n in range(500)]
