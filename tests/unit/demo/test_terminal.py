"""One demo at a time in a home, and what it may clear away there."""

import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from demo.terminal import MARK, fresh_folder
from orchestration.cli import app
from orchestration.run_lock import LogInUseError, only_run

HOLDER = """
import sys, time
from pathlib import Path
from demo.terminal import fresh_folder
with fresh_folder(Path(sys.argv[1])):
    (Path(sys.argv[1]) / "warehouse.duckdb").write_text("in use")
    print("held", flush=True)
    time.sleep(60)
"""
CLEARER = """
import sys
from pathlib import Path
from demo.terminal import fresh_folder
with fresh_folder(Path(sys.argv[1])):
    pass
"""
RUNNER = """
import sys, time
from pathlib import Path
from orchestration.run_lock import only_run
with only_run(Path(sys.argv[1]), "a-run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "demo"


@pytest.fixture
def start(folder):
    """Return a function that starts a program in another process, which holds something then."""
    processes = []

    def begin(program):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield begin
    for process in processes:
        process.kill()
        process.wait()


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_demo_that_lives_is_left_alone(folder, start):
    holder = start(HOLDER)
    result = CliRunner().invoke(app, ["demo", "--home", str(folder.parent)])
    assert result.exit_code == 1
    assert f"(process {holder.pid}) is working on" in result.stderr
    assert (folder / "warehouse.duckdb").read_text() == "in use"


def test_a_demo_keeps_others_away_after_its_runs(folder):
    with fresh_folder(folder):
        with only_run(folder, "a run of this demo"):
            pass
        other = subprocess.run(
            [sys.executable, "-c", CLEARER, str(folder)], capture_output=True, text=True
        )
    assert "LogInUseError" in other.stderr


def test_a_run_on_the_log_of_an_earlier_demo_is_left_alone(folder, start):
    with fresh_folder(folder):
        (folder / "warehouse.duckdb").touch()
    start(RUNNER)
    with pytest.raises(LogInUseError, match="run a-run"), fresh_folder(folder):
        pass
    assert "warehouse.duckdb" in names(folder)


def test_what_a_demo_that_was_killed_left_is_cleared(folder, start):
    holder = start(HOLDER)
    (folder / "releases").mkdir()
    (folder / "releases" / "one").touch()
    (folder / "elsewhere").symlink_to(folder.parent)
    holder.kill()
    holder.wait()
    with fresh_folder(folder):
        assert names(folder) == {MARK, "living", "run.lock", "run.json"}
    assert folder.parent.is_dir()


def test_a_demo_that_was_killed_while_it_cleared_does_not_stand_in_the_way(folder):
    with fresh_folder(folder):
        for number in range(20):
            (folder / f"folder{number}").mkdir()
            for file in range(500):
                (folder / f"folder{number}" / str(file)).touch()
    clearer = subprocess.Popen([sys.executable, "-c", CLEARER, str(folder)])
    while len(names(folder)) == 24 and clearer.poll() is None:
        time.sleep(0.0005)
    clearer.send_signal(signal.SIGKILL)
    clearer.wait()
    with fresh_folder(folder):
        assert names(folder) == {MARK, "living", "run.lock", "run.json"}


def test_a_demo_that_was_killed_before_it_had_its_mark_does_not_stand_in_the_way(folder):
    with fresh_folder(folder):
        pass
    (folder / MARK).unlink()
    with fresh_folder(folder):
        assert MARK in names(folder)


def test_what_no_demo_has_made_is_not_touched(folder):
    folder.mkdir()
    (folder / "warehouse.duckdb").touch()
    result = CliRunner().invoke(app, ["demo", "--home", str(folder.parent)])
    assert result.exit_code == 2
    assert f"{folder} was not made by a demo" in result.stderr.replace("\n", "")
    assert names(folder) == {"warehouse.duckdb"}
