"""Runs are killed for real, in processes of their own."""

import subprocess
import sys
import time

import dagster as dg
import pytest

from orchestration.instance import close_killed_runs, open_instance
from orchestration.settings import Settings

# A run that holds the pool and the lock of its log until it is killed.
RUN = """
import sys, time
from pathlib import Path
import dagster as dg
from orchestration.instance import COMMAND_LINE, open_instance
from orchestration.run_lock import only_run
from orchestration.settings import Settings

home, note = Path(sys.argv[1]), Path(sys.argv[2])

@dg.op(pool="warehouse")
def work(context):
    with only_run(home / "shop", context.run_id):
        note.write_text(context.run_id)
        time.sleep(120)

@dg.job
def a_job():
    work()

with open_instance(Settings(home=home)) as instance:
    a_job.execute_in_process(instance=instance, tags=COMMAND_LINE)
"""


@dg.op(pool="warehouse")
def work() -> None:
    """Take the pool and give it back."""


@dg.job
def next_job() -> None:
    """Need the pool."""
    work()


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def run(tmp_path):
    """Start a run in another process; gives the process and the run's id."""
    note = tmp_path / "note"
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", RUN, str(tmp_path), str(note)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not (note.is_file() and note.read_text()):
            assert process.poll() is None
            time.sleep(0.1)
        yield process, note.read_text()
        process.kill()


def test_after_a_kill_the_next_run_does_not_wait_for_the_dead_one(settings, run):
    process, run_id = run
    process.kill()
    process.wait()
    with open_instance(settings) as instance:
        assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE
        assert next_job.execute_in_process(instance=instance).success


def test_a_living_run_is_left_alone(settings, run):
    _, run_id = run
    with open_instance(settings) as instance:
        assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.STARTED
        assert close_killed_runs(instance, settings.home) == []


def test_an_instance_reports_nothing_to_its_makers(settings):
    with open_instance(settings) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
