"""Feast's online store, SQLite and Redis: features, and the events that are pushed between them."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import redis

from feature_repo.definitions import build_views
from feature_repo.lookup import fresh_features
from feature_repo.recent_events import FEATURE, VIEW, RecentEvent, decoded, encoded
from feature_repo.recent_redis import RedisRecentEvents
from feature_repo.recent_sqlite import SqliteRecentEvents
from feature_repo.store import StorePlaces, apply, materialize
from feature_repo.upsert import upsert_features
from tests.integration.feature_store.rows import ENTITIES, SECOND, feature_rows

pytestmark = pytest.mark.integration
EVENTS = [
    RecentEvent(1_700_000_000.25, 1_700_000_001.0, "e1", "i1", "view", None),
    RecentEvent(1_700_000_002.5, 1_700_000_003.0, "e2", "größe 靴", "purchase", 2.5),
]


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def opened(request, tmp_path_factory, redis_server):
    """Return a filled store, and the one of recent events that goes with it."""
    home = tmp_path_factory.mktemp("store")
    url = redis_server.url if request.param == "redis" else ""
    if url:
        redis.Redis.from_url(url).flushall()
    places = StorePlaces("test", home / "features", home / "registry.db", home / "online.db", url)
    places.features.mkdir()
    for view in build_views(places.features):
        feature_rows(view).to_parquet(view.batch_source.path)
    recent = (
        RedisRecentEvents(url, "topshelf_test", 5)
        if url
        else SqliteRecentEvents(home / "recent.db", 5)
    )
    # Before Feast made its tables: whoever comes first makes them.
    recent.add({"early": EVENTS})
    store = apply(places)
    return store, recent


def served(store, user_id: str) -> tuple:
    """Ask Feast itself for the events of a user, and their moment."""
    answer = store.get_online_features([f"{VIEW}:{FEATURE}"], [{"user_id": user_id}])
    moment = answer.proto.results[1].event_timestamps[0]
    return answer.to_dict()[FEATURE][0], moment.ToMicroseconds()


@pytest.mark.parametrize("user_id", ["u1", "o'neil", "größe 靴", " "])
def test_feast_reads_what_the_application_wrote(opened, user_id):
    store, recent = opened
    recent.add({user_id: EVENTS})
    text, moment = served(store, user_id)
    assert decoded(text) == EVENTS
    assert moment == 1_700_000_002_500_000


@pytest.mark.parametrize("micros", [-2_208_988_800_000_000, -5_250_000, -1, 0, 1_999_999_999])
def test_feast_reads_any_moment(opened, micros):
    store, recent = opened
    user_id = f"at {micros}"
    recent.add({user_id: [RecentEvent(micros / 1e6, 1_700_000_001.0, "e1", "i1", "view")]})
    assert served(store, user_id)[1] == micros


def test_the_application_reads_what_feast_pushed(opened):
    store, recent = opened
    row = {
        "user_id": ["pushed"],
        FEATURE: [encoded(EVENTS)],
        "feature_at": [datetime(2026, 3, 1, tzinfo=UTC)],
    }
    store.push("recent_events", pd.DataFrame(row))
    assert recent.read("pushed") == EVENTS
    more = RecentEvent(1_800_000_000.0, 1_800_000_001.0, "e3", "i3", "view")
    recent.add({"pushed": [more]})
    assert decoded(served(store, "pushed")[0]) == [*EVENTS, more]


def test_filling_the_features_leaves_the_events(opened):
    store, recent = opened
    recent.add({"kept": EVENTS})
    counts = materialize(store, SECOND)
    assert counts["user_item_activity"] == len(ENTITIES)
    assert VIEW not in counts
    assert recent.read("kept") == EVENTS
    assert recent.read("early") == EVENTS


def test_features_of_the_moment_are_found_until_they_expire(opened):
    store, _ = opened
    materialize(store, SECOND)
    entity = {"user_id": "u1", "item_id": "i1", "category": "shoes"}
    (values,) = fresh_features(store, "ranker_v1", [entity], SECOND)
    rows = pd.read_parquet(store.get_feature_view("user_activity").batch_source.path)
    is_row = (rows["user_id"] == "u1") & (pd.to_datetime(rows["feature_at"], utc=True) == SECOND)
    (expected,) = rows.loc[is_row, "days_since_last"]
    assert values["user_activity__days_since_last"] == expected
    (late,) = fresh_features(store, "ranker_v1", [entity], SECOND + timedelta(days=30))
    assert set(late.values()) == {None}


def upserted(store, days: float, filled_at: datetime) -> dict:
    """Write one feature of a user some days after the filling, and read the user's row then."""
    at = SECOND + timedelta(days=days)
    upsert_features(store, "user_activity", [{"user_id": "u1", "positive_count": 7}], at, filled_at)
    entity = {"user_id": "u1", "item_id": "i1", "category": "shoes"}
    (row,) = fresh_features(store, "ranker_v1", [entity], at)
    return {name: row[f"user_activity__{name}"] for name in ("positive_count", "days_since_last")}


def test_features_that_are_not_written_expire_however_often_the_others_are(opened):
    store, _ = opened
    materialize(store, SECOND)
    filled = upserted(store, 0, SECOND)["days_since_last"]
    assert filled is not None
    for days, rest in [(1.5, filled), (3, filled), (3.5, None), (4, None)]:
        expected = {"positive_count": 7, "days_since_last": rest}
        assert upserted(store, days, SECOND) == expected


def test_features_that_expired_are_not_revived_by_a_write(opened):
    store, _ = opened
    materialize(store, SECOND)
    # A later filling had no row of this user, and the server kept the one before.
    later = SECOND + timedelta(days=3.5)
    assert upserted(store, 4, later) == {"positive_count": 7, "days_since_last": None}


def test_a_write_whose_moments_have_no_time_zone_is_refused(opened):
    store, _ = opened
    for moments in [(SECOND.replace(tzinfo=None), SECOND), (SECOND, SECOND.replace(tzinfo=None))]:
        with pytest.raises(ValueError, match="_at must carry a time zone, got 2024-01-09T10:30"):
            upsert_features(store, "user_activity", [{"user_id": "u1"}], *moments)


def test_a_store_that_is_being_filled_takes_events(opened):
    store, recent = opened
    if isinstance(recent, RedisRecentEvents):
        recent.add({"meanwhile": EVENTS})
    else:
        with sqlite3.connect(store.config.online_store.path, isolation_level=None) as filling:
            filling.execute("begin immediate")
            recent.add({"meanwhile": EVENTS})
            filling.execute("rollback")
    assert recent.read("meanwhile") == EVENTS
