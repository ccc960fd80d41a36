"""Both stores of recent events: alike, shared by processes, and the same bytes as Feast's."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import redis

from feature_repo.recent_events import KEPT, RecentEvent, RecentEvents, UnreadableEventsError
from feature_repo.recent_redis import RedisRecentEvents, value_of_text
from feature_repo.recent_sqlite import SqliteRecentEvents

pytestmark = pytest.mark.integration
KINDS = {SqliteRecentEvents: "sqlite", RedisRecentEvents: "redis"}


def event(number: int, **changed: object) -> RecentEvent:
    """Return the event of a number, a second after the one before it."""
    values = {
        "occurred_at": 1000.5 + number,
        "landed_at": 2000.0 + number,
        "event_id": f"e{number}",
        "item_id": f"i{number}",
        "event_type": "view",
        "value": None,
    }
    return RecentEvent(**{**values, **changed})


@pytest.fixture(params=["sqlite", "redis"])
def store(request, tmp_path, redis_server) -> RecentEvents:
    """Each kind of store, empty."""
    if request.param == "sqlite":
        return SqliteRecentEvents(tmp_path / "recent.db")
    redis.Redis.from_url(redis_server.url).flushall()
    return RedisRecentEvents(redis_server.url, "topshelf_test")


def test_events_come_back_oldest_first_and_of_their_user_alone(store):
    store.add({"ann": [event(2), event(1, value=2.5)], "bob": [event(3)]})
    store.add({"ann": [event(0)]})
    assert store.read("ann") == [event(0), event(1, value=2.5), event(2)]
    assert store.read("bob") == [event(3)]
    assert store.read("zoë 🙂") == []


@pytest.mark.parametrize("occurred_at", [-62_135_596_800.0, -5.25, -1e-6, 0.0, 1_999.9999999])
def test_every_moment_that_a_calendar_knows_can_be_written(store, occurred_at):
    store.add({"ann": [event(1, occurred_at=occurred_at)]})
    store.add({"ann": [event(0, occurred_at=-62_135_596_800.0)]})
    assert [one.occurred_at for one in store.read("ann")] == [-62_135_596_800.0, occurred_at]


@pytest.mark.parametrize("values", [(None, 5.0), (5.0, None)])
def test_copies_of_an_event_may_differ_in_having_a_value(store, values):
    store.add({"ann": [event(1, value=value) for value in values]})
    assert store.read("ann") == [event(1)]


def test_an_event_that_comes_again_changes_nothing(store):
    store.add({"ann": [event(1)]})
    store.add({"ann": [event(1, landed_at=9999.0, item_id="other"), event(1)]})
    assert store.read("ann") == [event(1)]


def test_the_newest_are_kept(store):
    store.add({"ann": [event(number) for number in range(KEPT + 7)]})
    assert [one.event_id for one in store.read("ann")] == [f"e{n}" for n in range(7, KEPT + 7)]


@pytest.mark.parametrize(
    "text", ["5", '[["2026", 2.0, "e", "i", "view", null]]', '[[1, 2, "e", "i", "view", null, 7]]']
)
def test_what_cannot_be_read_of_one_user_leaves_the_others_and_is_replaced(
    store, text, tmp_path, redis_server
):
    store.add({"ann": [event(1)]})
    if isinstance(store, SqliteRecentEvents):
        with closing(sqlite3.connect(tmp_path / "recent.db", isolation_level=None)) as writer:
            writer.execute("update user_recent_events set events = ?", (text,))
    else:
        client = redis.Redis.from_url(redis_server.url)
        (key,) = client.keys()
        (field,) = [name for name in client.hkeys(key) if not name.startswith(b"_ts:")]
        client.hset(key, field, value_of_text(text))
    store.add({"bob": [event(2)]})
    with pytest.raises(UnreadableEventsError, match="holds no events"):
        store.read("ann")
    assert store.read("bob") == [event(2)]
    store.add({"ann": [event(3)], "bob": [event(4)]})
    assert store.read("ann") == [event(3)]
    assert store.read("bob") == [event(2), event(4)]


def test_a_value_that_is_no_text_in_redis_cannot_be_read_either(redis_server):
    client = redis.Redis.from_url(redis_server.url)
    client.flushall()
    store = RedisRecentEvents(redis_server.url, "topshelf_test")
    store.add({"ann": [event(1)]})
    (key,) = client.keys()
    client.hset(key, mapping=dict.fromkeys(client.hkeys(key), b"\x18\x01"))
    with pytest.raises(UnreadableEventsError, match="no text"):
        store.read("ann")
    store.add({"ann": [event(2)]})
    assert store.read("ann") == [event(2)]


def test_writers_at_the_same_time_lose_nothing(store):
    def write(writer: int) -> None:
        for number in range(10):
            while True:
                try:
                    store.add({"ann": [event(writer * 10 + number)]})
                    break
                except OSError:
                    continue

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.event_id for one in store.read("ann")} == {f"e{number}" for number in range(40)}


def test_who_must_not_wait_gets_the_same_or_nothing(store):
    store.add({"ann": [event(1)]})
    found = {"sqlite": ([event(1)], []), "redis": (None, None)}[KINDS[type(store)]]
    assert (store.read_at_once("ann"), store.read_at_once("stranger")) == found


def test_a_writer_of_the_file_holds_no_reader_up(tmp_path):
    store = SqliteRecentEvents(tmp_path / "recent.db")
    store.add({"ann": [event(1)]})
    with closing(sqlite3.connect(tmp_path / "recent.db", isolation_level=None)) as writer:
        writer.execute("begin immediate")
        writer.execute("delete from user_recent_events")
        assert store.read_at_once("ann") == [event(1)]


def test_a_batch_of_many_users_takes_few_round_trips(redis_server):
    client = redis.Redis.from_url(redis_server.url)
    client.flushall()
    store = RedisRecentEvents(redis_server.url, "topshelf_test", 5)
    users = {f"u{number}": [event(number)] for number in range(500)}
    for again in range(2):
        before = client.info("stats")["total_reads_processed"]
        store.add(users)
        # The server reads what was sent in pieces of some kilobytes, so these are no two either.
        assert client.info("stats")["total_reads_processed"] - before < 100, again
    assert all(store.read(user_id) == events for user_id, events in users.items())


def test_a_server_that_is_not_there_is_an_error_within_its_time():
    store = RedisRecentEvents("redis://127.0.0.1:1/0", "topshelf_test")
    with pytest.raises(OSError, match="does not answer"):
        store.read("ann")


def test_a_file_that_is_no_database_is_an_error(tmp_path):
    path = tmp_path / "recent.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(OSError, match=r"recent\.db"):
        SqliteRecentEvents(path).read("ann")


def test_a_file_that_was_removed_is_made_again(tmp_path: Path):
    store = SqliteRecentEvents(tmp_path / "recent.db")
    store.add({"ann": [event(1)]})
    with sqlite3.connect(tmp_path / "recent.db") as other:
        other.execute("drop table user_recent_events")
    with pytest.raises(OSError, match="no such table"):
        store.read("ann")
    assert store.read("ann") == []
