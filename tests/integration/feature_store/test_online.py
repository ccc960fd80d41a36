"""What is looked up online is what was true offline at the same moment."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from feature_repo.definitions import build_views
from feature_repo.lookup import fresh_features, point_in_time_features
from feature_repo.store import StorePlaces, apply, materialize, open_store
from tests.integration.feature_store.rows import (
    FIRST,
    MICROSECOND,
    SECOND,
    THIRD,
    TTL,
    entity_frame,
    feature_rows,
)

pytestmark = pytest.mark.integration


def entity_rows(moment) -> list[dict]:
    """Entities of `entity_frame`, as a request names them."""
    return entity_frame([moment])[["user_id", "item_id", "category"]].to_dict("records")


def stored(places: StorePlaces) -> dict[str, list]:
    """All rows of the online store, by table."""
    with closing(sqlite3.connect(places.online)) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        return {
            name: connection.execute(f'select * from "{name}" order by 1, 2').fetchall()
            for (name,) in tables.fetchall()
        }


@pytest.mark.parametrize(
    ("feature_at", "now"),
    [
        (FIRST, FIRST),
        (FIRST, FIRST + timedelta(hours=9)),
        (FIRST, FIRST + TTL),
        (FIRST, FIRST + TTL + MICROSECOND),
        (FIRST, FIRST + TTL + timedelta(seconds=1)),
        (SECOND, SECOND),
        (SECOND, THIRD - MICROSECOND),
        (THIRD, THIRD),
        (THIRD, THIRD + TTL),
        (THIRD, THIRD + TTL + timedelta(seconds=1)),
    ],
)
def test_online_values_are_those_of_a_point_in_time_join(store, feature_at, now):
    materialize(store, feature_at)
    online = fresh_features(store, "ranker_v1", entity_rows(now), now)
    offline = point_in_time_features(store, "ranker_v1", entity_frame([now]))
    offline = offline[list(online[0])].astype(object)
    assert online == offline.where(offline.notna(), None).to_dict("records")
    has_values = [any(value is not None for value in row.values()) for row in online]
    expired = now > feature_at + TTL
    assert has_values == [not (expired or row["user_id"] == "stranger") for row in entity_rows(now)]


def test_nothing_is_known_before_the_moment_of_the_rows(store):
    materialize(store, SECOND)
    (row,) = fresh_features(store, "ranker_v1", entity_rows(SECOND)[:1], SECOND - MICROSECOND)
    assert set(row.values()) == {None}


def test_the_online_store_holds_the_rows_of_one_moment(store, places):
    materialize(store, THIRD)
    counts = materialize(store, FIRST)
    tables = stored(places)
    assert counts == {
        view.name: len(feature_rows(view)) // 3 for view in build_views(places.features)
    }
    assert {name: len(rows) for name, rows in tables.items()} == counts
    microseconds = int(FIRST.timestamp()) * 1_000_000
    assert {row[-1] for rows in tables.values() for row in rows} == {microseconds}


def test_filling_twice_changes_nothing(store, places):
    materialize(store, SECOND)
    once = stored(places)
    materialize(store, SECOND)
    assert stored(places) == once


def test_one_view_may_be_filled_alone(store, places):
    materialize(store, FIRST)
    before = stored(places)
    assert list(materialize(store, THIRD, ["item_activity"])) == ["item_activity"]
    after = stored(places)
    changed = [name for name in after if after[name] != before[name]]
    assert changed == ["item_activity"]


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-8))], ids=["utc", "elsewhere"])
def test_a_moment_without_rows_leaves_the_online_store_as_it_was(store, places, zone):
    materialize(store, FIRST)
    before = stored(places)
    with pytest.raises(ValueError, match="has the feature_at 2024-01-02"):
        materialize(store, (FIRST + MICROSECOND).astimezone(zone))
    assert stored(places) == before


@pytest.fixture
def far_from_utc():
    """Let the process run in a time zone of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_moments_are_utc_wherever_the_process_runs(store, places):
    assert datetime(2024, 1, 2).astimezone().utcoffset() == timedelta(hours=13)
    aware = materialize(store, FIRST)
    before = stored(places)
    assert materialize(store, FIRST.replace(tzinfo=None)) == aware
    assert stored(places) == before
    online = fresh_features(store, "ranker_v1", entity_rows(FIRST)[:1], FIRST + TTL)
    offline = point_in_time_features(store, "ranker_v1", entity_frame([FIRST + TTL]).head(1))
    expected = offline[list(online[0])].astype(object)
    assert online == expected.where(expected.notna(), None).to_dict("records")
    assert online[0]["user_activity__interaction_count"] is not None


def test_an_entity_that_is_gone_is_forgotten(store, places):
    view = build_views(places.features)[0]
    rows = feature_rows(view)
    materialize(store, FIRST)
    try:
        rows[rows["user_id"] != "u1"].to_parquet(view.batch_source.path)
        materialize(store, FIRST)
    finally:
        rows.to_parquet(view.batch_source.path)
    assert "u1" not in {row[0] for row in stored(places)["user_activity"]}
    (row,) = fresh_features(store, "ranker_v1", entity_rows(FIRST)[:1], FIRST)
    assert row["user_activity__item_count"] is None


def test_a_reader_sees_the_former_rows_until_all_are_written(store, places):
    materialize(store, FIRST)
    reader = open_store(places)
    entity = entity_rows(FIRST)[:1]
    before = fresh_features(reader, "ranker_v1", entity, FIRST)
    with store.provider.online_store.replacing(store.config, ["user_activity"]):
        assert store.provider.online_store.row_count(store.config, "user_activity") == 0
        assert fresh_features(reader, "ranker_v1", entity, FIRST) == before
    assert fresh_features(reader, "ranker_v1", entity, FIRST) != before


def test_a_reader_does_not_keep_the_writer_out(store, places):
    materialize(store, FIRST)
    reader = open_store(places).provider.online_store
    with reader.reading(store.config):
        before = reader.row_count(store.config, "user_activity")
        materialize(store, THIRD)
        assert reader.row_count(store.config, "user_activity") == before


def test_readers_never_wait_or_fail_while_the_store_is_built(store, places):
    entity = entity_rows(FIRST)[:1]
    later = THIRD + timedelta(hours=1)
    moments = [SECOND, THIRD]
    answers = []
    for moment in moments:
        materialize(store, moment)
        answers.append(fresh_features(store, "ranker_v1", entity, later))
    reader = open_store(places)

    def build() -> None:
        for moment in moments * 3:
            materialize(apply(places), moment)

    seen = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        building = pool.submit(build)
        while not building.done():
            seen.append(fresh_features(reader, "ranker_v1", entity, later))
    building.result()
    assert answers[0] != answers[1]
    assert all(answer in answers for answer in seen)
    assert all(answer in seen for answer in answers)


def test_an_error_while_writing_leaves_the_former_rows(store, places):
    materialize(store, FIRST)
    before = stored(places)
    path = places.features / "ftr_user_category_activity.parquet"
    content = path.read_bytes()
    path.write_bytes(b"no parquet")
    try:
        with pytest.raises(Exception, match="parquet"):
            materialize(store, THIRD)
    finally:
        path.write_bytes(content)
    assert stored(places) == before


def test_requests_of_any_size_keep_their_order(store):
    materialize(store, THIRD)
    rows = entity_rows(THIRD)
    one_by_one = [fresh_features(store, "ranker_v1", [row], THIRD)[0] for row in rows]
    assert fresh_features(store, "ranker_v1", rows * 800, THIRD) == one_by_one * 800
    assert fresh_features(store, "ranker_v1", [], THIRD) == []


def test_a_request_without_a_time_zone_or_with_bad_keys_is_refused(store):
    row = {"user_id": "u1", "item_id": "i1", "category": None}
    with pytest.raises(ValueError, match="now must carry a time zone, got 2024-01-02T00:00:00"):
        fresh_features(store, "ranker_v1", [row], FIRST.replace(tzinfo=None))
    with pytest.raises(ValueError, match="lacks the join key 'category'"):
        fresh_features(store, "ranker_v1", [row, {"user_id": "u1", "item_id": "i1"}], FIRST)
    for key in (7, float("nan"), b"u1"):
        with pytest.raises(ValueError, match="'user_id' must be a string or None, got"):
            fresh_features(store, "ranker_v1", [{**row, "user_id": key}], FIRST)
