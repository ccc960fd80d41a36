"""From landed events to the rows of the users who sent them, and of nobody else."""

import shutil
import time
from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb
import pytest

from feature_repo.lookup import fresh_features
from feature_repo.store import StorePlaces, open_store
from orchestration.definitions import build_definitions
from orchestration.jobs import refresh
from orchestration.refreshing.progress import read_progress
from orchestration.settings import Settings
from orchestration.snapshot import write_snapshot
from serving.contracts import Event
from serving.events import landing_row
from serving.landing import LandingLog
from tests.integration.killer import ENDED
from tests.integration.runs import killer

pytestmark = pytest.mark.integration
USERS = ["u00042", "nobody-yet"]
# What equals the next run; windows of days are only right again after it.
SUMS = [
    "interaction_count",
    "positive_count",
    "item_count",
    "days_since_last",
    "days_since_first",
]
# A batch is killed after each of these parts of the seconds that one took before.
KILLS = [0.05, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5]
# No batch of a few events takes so many seconds.
LONG = 600
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


def told_activity(places) -> tuple:
    return asked(
        places.warehouse,
        f"select {', '.join(SUMS)} from ml.refreshed_activity where user_id = 'u00042'",
    )[0]


def online_activity(settings) -> tuple:
    """Read from Feast what the batch pushed, a second after its moment."""
    places = settings.places("sample")
    store = open_store(
        StorePlaces("sample", places.features, places.feature_registry, places.online_store)
    )
    now = moment_of(settings) + timedelta(seconds=1)
    (row,) = fresh_features(
        store, "ranker_v1", [{"user_id": "u00042", "item_id": "i0000", "category": None}], now
    )
    return tuple(row[f"user_activity__{name}"] for name in SUMS)


def computed_activity(dbt_build, mapping, settings) -> tuple:
    """Let dbt compute the features from the log and all that has landed, for the same moment."""
    # A row counts from when it was known, and the newest one was known at the moment itself.
    as_of = moment_of(settings) + timedelta(microseconds=1)
    later = {**mapping, "as_of": as_of.replace(tzinfo=None).isoformat(sep=" ")}
    warehouse = dbt_build(
        later, settings.home, "run", "--select", "+ftr_user_activity", training_cutoffs=1
    )
    query = f"""
        select {", ".join(SUMS)} from features.ftr_user_activity
        where user_id = 'u00042' order by feature_at desc limit 1
        """
    return asked(warehouse, query)[0]


def moment_of(settings) -> datetime:
    warehouse = settings.places("sample").warehouse
    query = "select feature_at from ml.refreshed_activity where user_id = 'u00042'"
    return asked(warehouse, query)[0][0].replace(tzinfo=UTC)


def test_a_tick_makes_the_rows_of_dirty_users_again_and_of_nobody_else(
    refreshing, dbt_build, sample_mapping
):
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
        told = pytest.approx(told_activity(places), abs=1e-6)
        assert online_activity(refreshing) == told
        assert computed_activity(dbt_build, sample_mapping, refreshing) == told
    columns = "describe select * from {}('u00042')"
    assert asked(places.snapshot, columns.format("recommend_now")) == asked(
        places.snapshot, columns.format("recommend")
    )
    same = "select item_id from {}('u00044') order by recommended_rank"
    now = "select item_id from recommend_now('u00042') order by recommended_rank"
    assert asked(places.snapshot, now) == [(row[2],) for row in rows if row[0] == "u00042"]
    assert asked(places.snapshot, same.format("recommend_now")) == asked(
        places.snapshot, same.format("recommend")
    )


def test_a_batch_that_is_killed_at_any_moment_is_seen_whole_or_not_at_all(refreshing, environment):
    places = refreshing.places("sample")
    first, users = {"u00039"}, {f"u{number:05d}" for number in range(40, 60)}
    ((item,),) = asked(
        places.snapshot, "select neighbour_item_id from similar_items('i0007') limit 1"
    )
    mine = {**environment, "TOPSHELF_HOME": str(refreshing.home)}
    land(refreshing, *((user, item) for user in first))
    with killer("refresh", mine) as ((batch,), kill):
        began = time.monotonic()
        assert kill(batch, LONG) == ENDED
        took = time.monotonic() - began
        done = read_progress(places.progress).moment
        land(refreshing, *((user, item) for user in sorted(users)))
        for part in KILLS:
            was = kill(batch, part * took)
            seen = {row[0] for row in asked(places.warehouse, ROWS)}
            assert seen in (first, first | users), part
            now = "select item_id from recommend_now('u00042') order by recommended_rank"
            assert len(asked(places.snapshot, now)) == 20
            if was == ENDED:
                break
    assert part > 0.3, "the batch was over before it could be killed at several moments"

    definitions = build_definitions(refreshing)
    job = definitions.resolve_job_def(refresh.name)
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance).success
        assert isinstance(ticked(definitions, instance)[0], dg.SkipReason)
        rows = asked(places.warehouse, ROWS)
        assert {row[0] for row in rows} == first | users
        assert read_progress(places.progress).moment > done
        # What another batch, which nothing kills, makes of the same log; of the user whose batch
        # came before, it makes the list of a later moment.
        places.progress.unlink()
        assert job.execute_in_process(instance=instance).success
    assert {row[0] for row in asked(places.warehouse, ROWS)} == first | users
    theirs = f"select * from ({ROWS}) where user_id in {tuple(users)}"
    assert asked(places.warehouse, theirs) == [row for row in rows if row[0] in users]
    told = pytest.approx(told_activity(places), abs=1e-6)
    assert online_activity(refreshing) == told
