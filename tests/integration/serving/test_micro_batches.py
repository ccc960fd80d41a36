"""What a micro-batch leaves in the online store, of either kind, and where the next list looks."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest
import redis

from feature_repo.lookup import fresh_features
from feature_repo.store import open_store
from orchestration.serve import serving_settings
from serving.activity import ACTIVITY
from serving.application import open_recent_events
from serving.contracts import Event
from serving.events import landing_row
from serving.landing import LandingLog
from tests.integration.serving.shop_home import make_batch, make_home, store_places
from tests.unit.serving.shop_release import USER_IDS

pytestmark = pytest.mark.integration
KNOWN = USER_IDS[3]


@pytest.fixture(params=["sqlite", "redis"])
def settings(request, tmp_path, redis_server):
    """Each kind of online store, empty."""
    url = redis_server.url if request.param == "redis" else ""
    if url:
        redis.Redis.from_url(url).flushall()
    return make_home(tmp_path, url)


def land(settings, *told):
    """Land events as an application that could not reach the online store."""
    log = LandingLog(settings.places("sample").landing / "events")
    now = datetime.now(UTC)
    rows = [
        landing_row(Event(user_id=user, item_id=item, event_type=kind), now)
        for user, item, kind in told
    ]
    log.append(rows).result(10)
    log.close()
    return [row["event_id"] for row in rows]


def in_tables(settings):
    """Return the refreshed activity by user, and the moment of the newest."""
    query = f"select user_id, feature_at, {', '.join(ACTIVITY)} from ml.refreshed_activity"
    with duckdb.connect(str(settings.places("sample").warehouse), read_only=True) as connection:
        rows = connection.execute(query).fetchall()
    newest = max(moment for _, moment, *_ in rows)
    return {user: values for user, _, *values in rows}, newest.replace(tzinfo=UTC)


def online(settings, user, moment):
    """Return the same values as the online store has them, read through Feast."""
    entity = {"user_id": user, "item_id": "i00", "category": None}
    store = open_store(store_places(settings))
    (row,) = fresh_features(store, "ranker_v1", [entity], moment + timedelta(seconds=1))
    return [row[f"user_activity__{name}"] for name in ACTIVITY]


def test_a_batch_pushes_features_and_events_into_the_online_store(settings):
    ids = land(settings, ("new", "i01", "view"), ("new", "i02", "purchase"), (KNOWN, "i03", "view"))
    assert make_batch(settings)
    rows, moment = in_tables(settings)
    counts = dict(zip(ACTIVITY, rows["new"], strict=True))
    told = [counts[name] for name in ("interaction_count", "positive_count", "item_count")]
    assert told == [2, 1, 2]
    for user in ("new", KNOWN):
        assert online(settings, user, moment) == pytest.approx(rows[user], abs=1e-6)

    chosen = serving_settings(settings)
    recent = open_recent_events(chosen.online_store, chosen.recent_events, chosen.project, 10)
    assert {event.event_id for event in recent.read("new")} == {*ids[:2]}
    land(settings, ("new", "i04", "view"))
    assert make_batch(settings)
    later, moment = in_tables(settings)
    assert dict(zip(ACTIVITY, later["new"], strict=True))["interaction_count"] == 3
    assert online(settings, "new", moment) == pytest.approx(later["new"], abs=1e-6)
    recent.close()
