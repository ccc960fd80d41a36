"""What starts a job when something has happened."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import takewhile

import dagster as dg

from orchestration.instance import UNFINISHED, close_killed_runs
from orchestration.jobs import refresh
from orchestration.mapping import load_mapping
from orchestration.refreshing.progress import digest_of, read_progress, what_waits
from orchestration.run_lock import live_runs
from orchestration.settings import Settings

INTERVAL_SECONDS = 30
MOST_SECONDS = 3600
# Doubled from the interval on, the pause is the longest after so many failures.
MOST_FAILURES = 8
# Which progress a run set out from, and of which log.
PROGRESS = "topshelf/progress"
WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, *UNFINISHED]

Answer = Iterator[dg.RunRequest | dg.SkipReason]


def landed_events_sensor(
    settings: Settings, clock: Callable[[], float] = time.time
) -> dg.SensorDefinition:
    """Build the sensor that starts `refresh` when events have landed in the log of `settings`.

    It looks at the progress that batches leave behind, not at what it asked for before: a batch
    that was killed is asked for again. The longer batches fail without any progress, the longer it
    waits before it asks again.

    Parameters
    ----------
    settings : Settings
    clock : callable
        Gives the Unix time in seconds.
    """

    @dg.sensor(
        name="landed_events",
        job=refresh,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Every half minute, if events have landed. Switch it on in Dagster's pages.",
    )
    def landed_events(context: dg.SensorEvaluationContext) -> Answer:
        places = settings.places(load_mapping(settings.mapping, settings.project_root).name)
        close_killed_runs(context.instance, settings.home)
        running = context.instance.get_run_records(
            filters=dg.RunsFilter(job_name=refresh.name, statuses=WAITING), limit=1
        )
        if running or live_runs(places.home.parent):
            yield dg.SkipReason("a run is working on the log")
            return
        progress = read_progress(places.progress)
        reason = what_waits(places.releases, places.landing / "events", progress)
        if not reason:
            yield dg.SkipReason("nothing has landed, or there is no release yet")
            return
        tags = {PROGRESS: digest_of(progress, places.home.name), "topshelf/reason": reason}
        pause = _pause(context.instance, tags, clock())
        yield dg.SkipReason(pause) if pause else dg.RunRequest(tags=tags)

    return landed_events


def _pause(instance: dg.DagsterInstance, tags: dict[str, str], now: float) -> str:
    """Say until when to wait, and for which failed runs; empty if a batch may be tried."""
    records = instance.get_run_records(
        filters=dg.RunsFilter(job_name=refresh.name, tags=tags), limit=MOST_FAILURES
    )
    failed = [*takewhile(lambda record: record.dagster_run.is_failure, records)]
    if not failed:
        return ""
    ended = failed[0].end_time or failed[0].update_timestamp.timestamp()
    seconds = min(INTERVAL_SECONDS * 2 ** (len(failed) - 1), MOST_SECONDS)
    # A run that ended after now ended before the clock was set back.
    if not 0 <= now - ended < seconds:
        return ""
    count = f"{len(failed)} or more" if len(failed) == MOST_FAILURES else str(len(failed))
    return (
        f"run {failed[0].dagster_run.run_id} failed, {count} in a row with the same events; the "
        f"next is tried at {datetime.fromtimestamp(ended + seconds, UTC):%H:%M:%S} UTC, or when "
        f"you start the job {refresh.name}"
    )
