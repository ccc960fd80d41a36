"""When the sensor starts a batch, and how long it leaves failed ones alone."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from orchestration.jobs import refresh
from orchestration.refreshing.progress import Progress, write_progress
from orchestration.releases.aliases import write_pointers
from orchestration.sensors import landed_events_sensor
from orchestration.settings import Settings
from serving.contracts import Event
from serving.events import landing_row
from serving.landing import LandingLog
from serving.pointers import Pointers
from tests.unit.serving.shop_release import make_shop


@dg.op
def stop() -> None:
    """Fail."""
    raise ValueError("the store cannot be reached")


@dg.job(name=refresh.name)
def failing() -> None:
    """Fail, as a batch may."""
    stop()


@dg.job(name=refresh.name)
def working() -> None:
    """Do nothing, and succeed."""


@pytest.fixture
def settings(tmp_path):
    """Give a home with a live release, and an event that waits for a batch."""
    settings = Settings(home=tmp_path)
    places = settings.places("sample")
    make_shop(places.releases)
    write_pointers(places.releases, Pointers(1, "shop-1"))
    log = LandingLog(places.landing / "events")
    event = Event(user_id="u01", item_id="i01", event_type="view")
    log.append([landing_row(event, datetime.now(UTC))]).result(10)
    log.close()
    return settings


class Ticking:
    """A sensor, with a clock that a test moves."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.now = datetime.now(UTC).timestamp()
        self.instance = instance
        self._sensor = landed_events_sensor(settings, lambda: self.now)

    def tick(self) -> dg.RunRequest | dg.SkipReason:
        """Return what the sensor says now."""
        with dg.build_sensor_context(instance=self.instance) as context:
            (told,) = self._sensor(context)
            return told

    def run(self, job: dg.JobDefinition) -> dg.ExecuteInProcessResult:
        """Start what the sensor asks for, which ends with the clock that the test has."""
        asked = self.tick()
        assert isinstance(asked, dg.RunRequest)
        result = job.execute_in_process(
            instance=self.instance, tags=asked.tags, raise_on_error=False
        )
        self.now = self.instance.get_run_record_by_id(result.run_id).end_time
        return result


@pytest.fixture
def ticking(settings):
    with dg.DagsterInstance.ephemeral() as instance:
        yield Ticking(settings, instance)


def test_landed_events_are_asked_for_once_in_a_while(ticking):
    told = ticking.tick()
    assert told.tags["topshelf/reason"] == "events have landed"


def test_each_failure_at_the_same_progress_doubles_the_pause_up_to_an_hour(ticking):
    pauses = []
    for _ in range(10):
        run_id = ticking.run(failing).run_id
        ended = ticking.now
        skipped = ticking.tick()
        assert f"run {run_id} failed" in skipped.skip_message
        seconds = 30
        while isinstance(ticking.tick(), dg.SkipReason):
            ticking.now = ended + seconds
            seconds *= 2
        pauses.append(round(ticking.now - ended))
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3840, 3840, 3840]
    ticking.now = ended + 3599
    assert isinstance(ticking.tick(), dg.SkipReason)
    ticking.now = ended + 3600
    assert isinstance(ticking.tick(), dg.RunRequest)


def test_a_batch_that_was_finished_ends_the_pause(ticking, settings):
    ticking.run(failing)
    assert isinstance(ticking.tick(), dg.SkipReason)
    # Another batch came on, by hand perhaps, and there is more to read.
    write_progress(settings.places("sample").progress, Progress("shop-1", "", {"an hour": 1}))
    assert isinstance(ticking.tick(), dg.RunRequest)


def test_failures_before_a_success_do_not_count(ticking):
    ticking.run(failing)
    ticking.now += 30
    ticking.run(working)
    assert isinstance(ticking.tick(), dg.RunRequest)


def test_the_failures_of_another_log_do_not_count(ticking):
    tags = {**ticking.tick().tags, "topshelf/progress": "of another log"}
    failing.execute_in_process(instance=ticking.instance, tags=tags, raise_on_error=False)
    assert isinstance(ticking.tick(), dg.RunRequest)


def test_a_clock_that_was_set_back_makes_nobody_wait(ticking):
    ticking.run(failing)
    ticking.now -= 7200
    assert isinstance(ticking.tick(), dg.RunRequest)
