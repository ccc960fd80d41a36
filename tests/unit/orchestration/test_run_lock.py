import subprocess
import sys

import pytest

from orchestration.run_lock import LogInUseError, live_runs, only_run

HOLDER = """
import sys, time
from pathlib import Path
from orchestration.run_lock import only_run
with only_run(Path(sys.argv[1]), "run-of-another"):
    print("held", flush=True)
    time.sleep(60)
"""

WATCHER = """
import sys, time
from pathlib import Path
from orchestration.run_lock import live_runs
print("looking", flush=True)
end = time.monotonic() + 2
while time.monotonic() < end:
    live_runs(Path(sys.argv[1]))
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "shop"


@pytest.fixture
def holder(folder):
    """Hold the lock in another process."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def take(folder):
    with only_run(folder, "mine"):
        return True


def test_a_second_process_is_told_who_is_at_work(folder, holder):
    expected = rf"run run-of-a \(process {holder.pid}\) is working on .*shop; wait until"
    with pytest.raises(LogInUseError, match=expected):
        take(folder)


def test_a_killed_process_lets_go(folder, holder):
    holder.kill()
    holder.wait()
    assert take(folder)


def test_one_process_may_take_it_twice(folder):
    with only_run(folder, "first"), only_run(folder, "second"):
        pass
    assert take(folder)


def test_only_runs_of_living_processes_are_live(folder, holder):
    assert live_runs(folder.parent) == {"run-of-another"}
    holder.kill()
    holder.wait()
    assert live_runs(folder.parent) == set()


def test_who_only_looks_is_in_nobodys_way(folder):
    assert take(folder)
    with subprocess.Popen(
        [sys.executable, "-c", WATCHER, str(folder.parent)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "looking\n"
        while process.poll() is None:
            assert take(folder)


def test_a_lock_without_a_note_of_its_holder_still_holds(folder, holder):
    (folder / "run.json").unlink()
    with pytest.raises(LogInUseError, match=r"run unknown \(process unknown\)"):
        take(folder)


def test_no_log_has_been_run_yet(tmp_path):
    assert live_runs(tmp_path) == set()
