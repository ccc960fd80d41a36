"""What starts a job when something has happened."""

from collections.abc import Iterator

import dagster as dg

from orchestration.instance import UNFINISHED, close_killed_runs
from orchestration.jobs import refresh
from orchestration.mapping import load_mapping
from orchestration.refreshing.progress import read_progress, what_waits
from orchestration.run_lock import live_runs
from orchestration.settings import Settings

INTERVAL_SECONDS = 30
WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, *UNFINISHED]

Answer = Iterator[dg.RunRequest | dg.SkipReason]


def landed_events_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor that starts `refresh` when events have landed in the log of `settings`.

    It looks at the progress that batches leave behind, not at what it asked for before: a batch
    that was killed is asked for again.
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
        reason = what_waits(
            places.releases, places.landing / "events", read_progress(places.progress)
        )
        if reason:
            yield dg.RunRequest(tags={"topshelf/reason": reason})
        else:
            yield dg.SkipReason("nothing has landed, or there is no release yet")

    return landed_events
