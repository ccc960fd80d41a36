"""Runs of the product on the shipped sample, as processes that may be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from orchestration.settings import PROJECT_ROOT

# Runs a job, or some steps of it on what earlier ones left, and says when it begins.
STEP = """
import sys
from orchestration.settings import read_settings
settings = read_settings()
settings.export()
import dagster as dg
from orchestration.definitions import build_definitions
job = build_definitions(settings).resolve_job_def(sys.argv[1])
steps = [dg.AssetKey(key.split("/")) for key in sys.argv[2:]]
print("begins", flush=True)
job.execute_in_process(asset_selection=steps or None)
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


def kill_during(arguments: list[str], environment: dict[str, str], seconds: float) -> None:
    """Start a process, let it run for some time from its first line, kill it with all it began."""
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
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def query(path: Path, sql: str, *values: object) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql, list(values)).fetchall()
