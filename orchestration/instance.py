"""The Dagster instance that the command line and the pages of Dagster share."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from orchestration.run_lock import live_runs
from orchestration.settings import Settings

# Such a run has the lock of its log before Dagster knows of it.
COMMAND_LINE = {"topshelf/started_by": "command line"}
# Any other one takes it when its resources are made, a little after it has started.
GRACE_SECONDS = 120

UNFINISHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the instance in `settings.dagster_home`, and tidy up after runs that were killed."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    configuration = Path(__file__).with_name("dagster.yaml")
    shutil.copyfile(configuration, settings.dagster_home / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        close_killed_runs(instance, settings.home)
        yield instance


def close_killed_runs(instance: dg.DagsterInstance, home: Path) -> list[str]:
    """Mark runs that ended without a word as failed, and give back what they held.

    A run holds the lock of its log as long as its process lives. Without this, a killed run would
    keep its place in the pool `warehouse`, and the next one would wait for ever.

    Returns
    -------
    list of str
        Their ids.
    """
    alive = live_runs(home)
    records = instance.get_run_records(filters=dg.RunsFilter(statuses=UNFINISHED))
    killed = [
        record.dagster_run
        for record in records
        if record.dagster_run.run_id not in alive and _may_be_judged(record)
    ]
    for run in killed:
        instance.report_run_failed(run, "The process of this run ended without a word.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in killed]


def _may_be_judged(record: dg.RunRecord) -> bool:
    """Tell whether a run, if it lived, would hold the lock of its log by now."""
    started_at = record.start_time or record.create_timestamp.timestamp()
    is_command = COMMAND_LINE.items() <= record.dagster_run.tags.items()
    return is_command or time.time() - started_at > GRACE_SECONDS
