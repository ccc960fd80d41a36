"""A process that begins one step of a job after the other, and kills each as it works.

What a step needs is imported once: each is run in a fork. The first line that it writes names the
steps of the job that its argument names; then it reads lines with a step and seconds, and answers
what became of the step.
"""

import os
import signal
import sys
import time

import dagster as dg

from orchestration.definitions import build_definitions
from orchestration.settings import read_settings

RUN_ID = "7d9dd0ae-0000-4000-8000-000000000000"
# What the step was doing when its time was over.
RUNNING, ENDED = "running", "ended"


def main() -> None:
    """Kill what standard input names."""
    settings = read_settings()
    settings.export()
    definitions = build_definitions(settings)
    job = definitions.resolve_job_def(sys.argv[1])
    steps = {node.name for node in job.nodes}
    keys = {
        assets.node_def.name: list(assets.keys)
        for assets in definitions.assets
        if assets.node_def.name in steps
    }
    say(*keys)
    for line in sys.stdin:
        step, seconds = line.split()
        say(killed(job, keys[step], float(seconds)))


def say(*words: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{' '.join(words)}\n")
    sys.stdout.flush()


def killed(job: dg.JobDefinition, keys: list[dg.AssetKey], seconds: float) -> str:
    """Kill a step, with all that it began, some time after it began, if it has not ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        begin(job, keys, writing)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended:
            return ENDED
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return RUNNING


def begin(job: dg.JobDefinition, keys: list[dg.AssetKey], writing: int) -> None:
    """Run a step in this process, and say when it begins."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def tell(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and event.event_type == dg.DagsterEventType.STEP_START:
            os.write(writing, b".")

    try:
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_event_listener(RUN_ID, tell)
            job.execute_in_process(asset_selection=keys, instance=instance, run_id=RUN_ID)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
