"""From landed events to the rows of the users who sent them, and of nobody else."""

import shutil
from datetime import UTC, datetime

import dagster as dg
import duckdb
import pytest

from orchestration.definitions import build_definitions
from orchestration.jobs import refresh
from orchestration.refreshing.progress import read_progress
from orchestration.settings import Settings
from orchestration.snapshot import write_snapshot
from serving.contracts import Event
from serving.events import landing_row
from serving.landing import LandingLog

pytestmark = pytest.mark.integration
USERS = ["u00042", "nobody-yet"]
ROWS = "from ml.refreshed_lists order by user_id, recommended_rank"


@pytest.fixture
def refreshing(summary, places, tmp_path):
    """Copy what the run of the sample left, so that other tests see none of this."""
    shutil.copytree(
        places.home,
        tmp_path / "sample",
        ignore=shutil.ignore_patterns("plots", "reports", "*.lock"),
    )
    settings = Settings(home=tmp_path)
    # A snapshot names the file of refreshed lists by its path.
    mine = settings.places("sample")
    write_snapshot(mine.warehouse, mine.snapshot, settings.project_root, mine.refreshed)
    return settings


def land(settings, *told):
    now = datetime.now(UTC)
    log = LandingLog(settings.places("sample").landing / "events")
    rows = [landing_row(Event(user_id=u, item_id=i, event_type="view"), now) for u, i in told]
    log.append(rows).result(10)
    log.close()


def ticked(definitions, instance):
    with dg.build_sensor_context(instance=instance) as context:
        return list(definitions.get_sensor_def("landed_events")(context))


def asked(path, query):
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_tick_makes_the_rows_of_dirty_users_again_and_of_nobody_else(refreshing):
    definitions, places = build_definitions(refreshing), refreshing.places("sample")
    job = definitions.resolve_job_def(refresh.name)
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(ticked(definitions, instance)[0], dg.SkipReason)
        ((first,),) = asked(places.snapshot, "select item_id from recommend('u00042') limit 1")
        ((other,),) = asked(places.snapshot, "select item_id from recommend('u00043') limit 1")
        land(refreshing, *((user, first) for user in USERS))
        (request,) = ticked(definitions, instance)
        assert request.tags["topshelf/reason"] == "events have landed"
        assert job.execute_in_process(instance=instance).success
        rows = asked(places.warehouse, ROWS)
        assert {row[0] for row in rows} == set(USERS)
        assert first not in {row[2] for row in rows}

        # Done again, as after a kill before the progress was written: equal rows.
        progress = read_progress(places.progress)
        places.progress.unlink()
        assert job.execute_in_process(instance=instance).success
        assert asked(places.warehouse, ROWS) == rows
        assert read_progress(places.progress) == progress
        assert isinstance(ticked(definitions, instance)[0], dg.SkipReason)

        land(refreshing, ("u00043", other))
        assert job.execute_in_process(instance=instance).success
        kept = f"select * from ({ROWS}) where user_id != 'u00043'"
        assert asked(places.warehouse, kept) == rows
    same = "select item_id from {}('u00044') order by recommended_rank"
    now = "select item_id from recommend_now('u00042') order by recommended_rank"
    assert asked(places.snapshot, now) == [(row[2],) for row in rows if row[0] == "u00042"]
    assert asked(places.snapshot, same.format("recommend_now")) == asked(
        places.snapshot, same.format("recommend")
    )
