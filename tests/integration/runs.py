"""Runs of the product on the shipped sample, as processes that may be killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.settings import PROJECT_ROOT

# Runs a job, or some steps of it on what earlier ones left; says what the command line would say of
# a failure.
STEP = """
import sys
from orchestration.settings import read_settings
settings = read_settings()
settings.export()
import dagster as dg
from orchestration.definitions import build_definitions
from orchestration.terminal.failures import failure_of
job = build_definitions(settings).resolve_job_def(sys.argv[1])
steps = [dg.AssetKey(key.split("/")) for key in sys.argv[2:]]
with dg.DagsterInstance.ephemeral() as instance:
    entries, run_id = [], "7d9dd0ae-0000-4000-8000-000000000000"
    instance.add_event_listener(run_id, entries.append)
    outcome = job.execute_in_process(
        asset_selection=steps or None, instance=instance, run_id=run_id, raise_on_error=False
    )
failures = [failure.cause for failure in map(failure_of, entries) if failure]
print(*failures[:1])
sys.exit(0 if outcome.success else 1)
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "orchestration.cli", *arguments]


def step(job: str, *keys: str) -> list[str]:
    """Return the command of a process that runs a job, or only its assets of these keys."""
    return [sys.executable, "-W", "ignore", "-c", STEP, job, *keys]


def finish(environment: dict[str, str]) -> dict:
    """Run to the end and read the summary."""
    finished = subprocess.run(
        command("run", "--json"), cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def kill_during(arguments: list[str], environment: dict[str, str], seconds: float) -> bool:
    """Start a process, let it run for some time from its first line, kill it with all it began.

    Tells whether it was still running.
    """
    process = subprocess.Popen(
        arguments,
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    process.stdout.readline()
    time.sleep(seconds)
    was_running = process.poll() is None
    # One that has ended by itself may have left nobody to kill.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


@contextmanager
def killer(
    job: str, environment: dict[str, str]
) -> Iterator[tuple[list[str], Callable[[str, float], str]]]:
    """Start a process that kills steps of a job, and list them.

    ``kill(step, seconds)`` kills one so many seconds after it began, unless it has ended before,
    and says what it was doing.
    """
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.integration.killer", job],
        cwd=PROJECT_ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        steps = process.stdout.readline().split()

        def kill(step: str, seconds: float) -> str:
            process.stdin.write(f"{step} {seconds}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield steps, kill
        process.stdin.close()


def query(path: Path, sql: str, *values: object) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql, list(values)).fetchall()
