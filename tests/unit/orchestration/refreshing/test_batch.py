"""Which users a batch makes again, and that a batch may be repeated."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feature_repo.recent_sqlite import SqliteRecentEvents
from ml.schemas.refreshed import RefreshedActivity, RefreshedLists
from orchestration.refreshing.batch import next_batch
from orchestration.refreshing.progress import Progress, read_progress, what_waits, write_progress
from orchestration.refreshing.tables import LISTS, refreshed_users, upsert
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT
from serving.bundle import Bundle
from serving.contracts import Event
from serving.events import landing_row
from serving.landing import LandingLog
from tests.unit.serving.shop_release import ITEM_IDS, USER_IDS, make_shop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BOB = USER_IDS[0], USER_IDS[1]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.open(make_shop(tmp_path_factory.mktemp("shop")))


@pytest.fixture
def recent(tmp_path):
    store = SqliteRecentEvents(tmp_path / "recent.db", 5)
    yield store
    store.close()


@pytest.fixture
def land(tmp_path):
    """Land events as the application does: `land(minutes, (user, item, kind), ...)`."""
    clock = [NOON]
    log = LandingLog(tmp_path / "events", now=lambda: clock[0])

    def put(minutes, *told, event_id=None):
        clock[0] = NOON + timedelta(minutes=minutes)
        rows = [
            landing_row(
                Event(user_id=user, item_id=item, event_type=kind, event_id=event_id), clock[0]
            )
            for user, item, kind in told
        ]
        log.append(rows).result(10)

    yield put
    log.close()


@pytest.fixture
def batch_of(bundle, recent, tmp_path):
    def make(progress=None, refreshed=(), limit=100):
        return next_batch(
            bundle, tmp_path / "events", recent, progress or Progress(), lambda: refreshed, limit
        )

    return make


@pytest.fixture
def warehouse(tmp_path):
    log = MappedLog(home=str(tmp_path), mapping="sample", project_root=str(PROJECT_ROOT))
    log.places().make_folders()
    warehouse = Warehouse(log=log, patience_seconds=0.2)
    macro = (PROJECT_ROOT / "macros" / "create_ml_tables.sql").read_text(encoding="utf-8")
    import duckdb

    with duckdb.connect(str(log.places().warehouse)) as connection:
        connection.execute("create schema ml")
        for table in ("refreshed_lists", "refreshed_activity"):
            start = macro.index(f"create table if not exists ml.{table}")
            connection.execute(macro[start : macro.index(";", start)])
    return warehouse


def test_only_users_with_new_events_get_rows_that_keep_the_contract(land, batch_of):
    land(0, (ANN, ITEM_IDS[3], "view"), ("stranger", ITEM_IDS[5], "purchase"))
    batch = batch_of()
    assert batch.users == ["stranger", ANN]
    RefreshedLists.validate(batch.lists)
    RefreshedActivity.validate(batch.activity)
    mine = batch.lists[batch.lists["user_id"] == ANN]
    assert set(mine["fallback"]) == {"recent"}
    assert ITEM_IDS[3] not in set(mine["item_id"])
    assert set(batch.lists.loc[batch.lists["user_id"] == "stranger", "fallback"]) == {"session"}


def test_nothing_that_was_seen_is_listed(bundle, land, batch_of):
    land(0, (ANN, ITEM_IDS[3], "view"), (ANN, ITEM_IDS[7], "purchase"))
    listed = set(batch_of().lists["item_id"])
    seen = {bundle.item_ids[item] for item in bundle.excluded(bundle.user_row(ANN)).tolist()}
    assert not listed & (seen | {ITEM_IDS[3], ITEM_IDS[7]})


def test_an_event_that_comes_twice_counts_once(land, batch_of):
    for _ in range(2):
        land(0, ("stranger", ITEM_IDS[3], "view"), event_id="same")
    (row,) = batch_of().activity.to_dict("records")
    assert row["interaction_count"] == 1


def test_the_activity_of_a_stranger_is_that_of_the_events(land, batch_of):
    land(0, ("stranger", ITEM_IDS[3], "view"))
    land(60, ("stranger", ITEM_IDS[3], "purchase"), ("stranger", ITEM_IDS[4], "ping"))
    (row,) = batch_of().activity.to_dict("records")
    assert (row["interaction_count"], row["positive_count"], row["item_count"]) == (2, 1, 1)
    assert row["interactions_per_item"] == 2
    assert row["days_since_first"] == pytest.approx(1 / 24, abs=1e-9)
    assert row["days_since_last"] == pytest.approx(0, abs=1e-9)


def test_what_the_release_does_not_hold_of_a_user_is_not_told(land, batch_of):
    land(0, (ANN, ITEM_IDS[3], "view"))
    (row,) = batch_of().activity.to_dict("records")
    assert row["interaction_count"] is None
    assert row["days_since_last"] == pytest.approx(0, abs=1e-9)


def test_events_of_unknown_items_and_types_do_no_harm(land, batch_of):
    land(0, (ANN, "no such item", "view"), (BOB, ITEM_IDS[3], "no such type"))
    batch = batch_of()
    assert batch.users == [ANN, BOB]
    assert set(batch.lists["user_id"]) == {ANN}


def test_who_has_stored_events_that_cannot_be_read_gets_no_rows(land, batch_of, tmp_path):
    land(0, (ANN, ITEM_IDS[3], "view"), (BOB, ITEM_IDS[3], "view"))
    before = batch_of()
    with closing(sqlite3.connect(tmp_path / "recent.db", isolation_level=None)) as store:
        store.execute("update user_recent_events set events = '[5]' where user_id = ?", (ANN,))
    # Events that landed before the hour of a cutoff are not read again, as if they were not there.
    for segment in (tmp_path / "events").iterdir():
        segment.unlink()
    elsewhere = replace(before.progress, release_id="before")
    batch = batch_of(elsewhere, [ANN, BOB])
    assert batch.users == [ANN, BOB]
    assert set(batch.lists["user_id"]) == set(batch.activity["user_id"]) == {BOB}


def test_lines_that_are_no_events_are_passed_over(batch_of, warehouse, tmp_path):
    folder = tmp_path / "events"
    folder.mkdir()
    whole = landing_row(Event(user_id="u1", item_id=ITEM_IDS[3], event_type="view"), NOON)
    rows = [{"user_id": "u1"}, *({**whole, "occurred_at": at} for at in ("", "2026-03-01T12:00"))]
    rows += [{**whole, "value": value} for value in ("5", True)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "20260301T12-1-a.jsonl").write_text(lines)
    batch = batch_of()
    assert batch.users == []
    assert batch.progress.cursor == {"20260301T12-1-a.jsonl": len(lines)}
    assert_nothing_changes(batch, warehouse, tmp_path)


def test_another_release_for_which_nobody_has_to_be_made_again_is_noted(
    batch_of, warehouse, tmp_path
):
    batch = batch_of(Progress(release_id="an older one"))
    assert batch.users == []
    assert batch.progress.release_id == "shop-1"
    assert_nothing_changes(batch, warehouse, tmp_path)


def assert_nothing_changes(batch, warehouse, tmp_path):
    """Check that a batch without users keeps the contract, and changes no row when written."""
    RefreshedLists.validate(batch.lists, lazy=True)
    RefreshedActivity.validate(batch.activity, lazy=True)
    assert upsert(warehouse, batch, tmp_path / "refreshed.parquet") == 0


def test_a_batch_repeated_after_a_crash_leaves_equal_rows(land, batch_of, warehouse, tmp_path):
    published = tmp_path / "refreshed.parquet"
    land(0, (ANN, ITEM_IDS[3], "view"), (BOB, ITEM_IDS[4], "view"))
    first = batch_of()
    upsert(warehouse, first, published)
    query = f"select * from {LISTS} order by user_id, recommended_rank"
    before, file = warehouse.read(query), published.read_bytes()
    # Killed before the progress was written; more lands before the batch is done again.
    land(5, (BOB, ITEM_IDS[9], "purchase"))
    again = batch_of(limit=2)
    upsert(warehouse, again, published)
    assert warehouse.read(query).equals(before)
    assert published.read_bytes() == file
    assert again.progress == first.progress


def test_the_rows_of_other_users_stay(land, batch_of, warehouse, tmp_path):
    published = tmp_path / "refreshed.parquet"
    land(0, (ANN, ITEM_IDS[3], "view"))
    first = batch_of()
    upsert(warehouse, first, published)
    query = f"select * from {LISTS} where user_id = '{ANN}' order by recommended_rank"
    before = warehouse.read(query)
    land(5, (BOB, ITEM_IDS[9], "purchase"))
    second = batch_of(first.progress)
    assert second.users == [BOB]
    upsert(warehouse, second, published)
    assert warehouse.read(query).equals(before)
    assert refreshed_users(warehouse) == [ANN, BOB]


def test_rows_of_another_release_are_made_again_or_removed(land, batch_of, warehouse, tmp_path):
    land(0, (ANN, ITEM_IDS[3], "view"))
    first = batch_of()
    upsert(warehouse, first, tmp_path / "refreshed.parquet")
    before = replace(first.progress, release_id="the one before")
    # Bob was refreshed, and the release that is live now knows all that he did.
    batch = batch_of(before, [ANN, BOB])
    assert batch.users == [ANN, BOB]
    assert set(batch.lists["user_id"]) == {ANN}


def test_after_a_rollback_the_users_whom_the_newer_release_knew_come_back(land, batch_of):
    land(0, (ANN, ITEM_IDS[3], "view"))
    first = batch_of()
    # The newer release knew the event, so its batch removed the rows and left the cursor behind it.
    newer = replace(first.progress, release_id="a newer one")
    batch = batch_of(newer)
    assert batch.users == [ANN]
    assert batch.lists.equals(first.lists)
    assert batch.progress == first.progress


def test_a_damaged_progress_begins_anew(tmp_path):
    path = tmp_path / "refreshed.json"
    assert read_progress(path) == Progress()
    write_progress(path, Progress("r1", NOON.isoformat(), {"a": 3}))
    assert read_progress(path) == Progress("r1", NOON.isoformat(), {"a": 3})
    path.write_text("{")
    assert read_progress(path) == Progress()


def test_nothing_waits_without_a_live_release(land, tmp_path):
    land(0, (ANN, ITEM_IDS[3], "view"))
    assert what_waits(tmp_path / "releases", tmp_path / "events", Progress()) == ""
