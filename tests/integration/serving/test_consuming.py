"""A real Redis stream into the landing log: nothing lost, whoever dies when."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import redis

from feature_repo.recent_sqlite import SqliteRecentEvents
from orchestration.settings import Settings
from serving.consuming import Consumer, RedisStream
from serving.landing import LandingLog, landed_rows
from tests.integration.serving.redis_server import RedisServer
from tests.integration.serving.topshelf_process import PATIENCE_SECONDS, TopshelfProcess

pytestmark = pytest.mark.integration
EVENT = {"user_id": "ann", "item_id": "i1", "event_type": "view"}


def consumer_of(url: str, home: Path, name: str = "one") -> Consumer:
    """Open everything that one consumer needs."""
    return Consumer(
        RedisStream(url, "events", consumer=name, take_over_seconds=0.2),
        LandingLog(home / "events"),
        LandingLog(home / "rejected"),
        SqliteRecentEvents(home / "recent.db", 5),
    )


def consume_for_ever(url: str, home: Path) -> None:
    consumer = consumer_of(url, home)
    while True:
        try:
            consumer.step(7, 0.05)
        except OSError:
            time.sleep(0.05)


@pytest.fixture
def client(redis_server):
    client = redis.Redis.from_url(redis_server.url)
    client.flushall()
    return client


def test_messages_become_events_that_lists_see_at_once(client, redis_server, tmp_path):
    client.xadd("events", {**EVENT, "event_id": "own"})
    number = client.xadd("events", {"event": json.dumps({**EVENT, "value": 2.5})}).decode()
    consumer = consumer_of(redis_server.url, tmp_path)
    assert consumer.step().landed == 2
    ids = [row["event_id"] for row in landed_rows(tmp_path / "events")]
    assert ids == ["own", f"events:{number}"]
    recent = SqliteRecentEvents(tmp_path / "recent.db").read("ann")
    assert sorted(one.event_id for one in recent) == sorted(ids)
    assert client.xpending("events", "topshelf")["pending"] == 0


@pytest.mark.parametrize(
    "content",
    [
        {"user_id": "ann"},
        {"event": "{"},
        {"event": "[1]"},
        {"event": "[" * 100_000},
        {"event": json.dumps({**EVENT, "user_id": "\ud800"})},
        {**EVENT, "occurred_at": "x"},
        {**EVENT, "occurred_at": "0001-01-01T00:00:00+01:00"},
        {**EVENT, "occurred_at": "9999-12-31T23:59:59-05:00"},
        {**EVENT, "value": "1e999"},
    ],
)
def test_what_is_no_event_is_kept_with_the_reason_and_holds_nobody_up(
    client, redis_server, tmp_path, content
):
    client.xadd("events", content)
    client.xadd("events", EVENT)
    counts = consumer_of(redis_server.url, tmp_path).step()
    assert (counts.landed, counts.rejected) == (1, 1)
    (row,) = landed_rows(tmp_path / "rejected")
    assert row["content"] == content
    assert row["reason"]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ({**EVENT, "item_id": b"caf\xe9"}, {**EVENT, "item_id": "caf\\xe9"}),
        ({**EVENT, b"\xff": "x"}, {**EVENT, "\\xff": "x"}),
        ({"event": b'{"user_id": "\xff"}'}, {"event": '{"user_id": "\\xff"}'}),
    ],
)
def test_bytes_that_are_no_text_are_refused_and_the_messages_behind_them_are_not(
    client, redis_server, tmp_path, content, kept
):
    client.xadd("events", content)
    client.xadd("events", {**EVENT, "item_id": "größe 靴"})
    counts = consumer_of(redis_server.url, tmp_path).step()
    assert (counts.landed, counts.rejected) == (1, 1)
    (row,) = landed_rows(tmp_path / "rejected")
    assert row["content"] == kept
    assert "utf-8" in row["reason"]
    assert [row["item_id"] for row in landed_rows(tmp_path / "events")] == ["größe 靴"]
    assert client.xpending("events", "topshelf")["pending"] == 0


def test_what_was_on_disk_and_not_acknowledged_comes_again_with_its_id(
    client, redis_server, tmp_path
):
    client.xadd("events", EVENT)
    first = consumer_of(redis_server.url, tmp_path)

    def fail(_: object) -> None:
        raise OSError

    first._source.acknowledge = fail
    with pytest.raises(OSError):  # noqa: PT011
        first.step()
    assert consumer_of(redis_server.url, tmp_path).step().landed == 1
    ids = Counter(row["event_id"] for row in landed_rows(tmp_path / "events"))
    assert list(ids.values()) == [2]


def test_what_a_dead_consumer_left_another_takes_over(client, redis_server, tmp_path):
    client.xadd("events", EVENT)
    RedisStream(redis_server.url, "events", consumer="dead").read(10, 0.1)
    time.sleep(0.3)
    assert consumer_of(redis_server.url, tmp_path, "other").step().landed == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_carries_events_until_it_is_stopped(how, client, redis_server, tmp_path):
    landing = Settings(home=tmp_path).places("sample").landing / "events"
    client.xadd("events", {**EVENT, "event_id": "carried"})
    with TopshelfProcess(tmp_path, "consume", "--url", redis_server.url) as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        # What is landed is acknowledged a moment later, and would come again if it were not.
        while not carried(client, landing) and time.monotonic() < deadline:
            time.sleep(0.1)
        code, errors = process.stop(how)
    assert code == 0, errors
    assert [row["event_id"] for row in landed_rows(landing)] == ["carried"]
    assert carried(client, landing)


def carried(client, landing) -> bool:
    """Whether something has landed, and nothing is still to be acknowledged."""
    return (
        any(True for _ in landed_rows(landing))
        and not client.xpending("events", "topshelf")["pending"]
    )


def test_kills_of_consumer_and_server_lose_nothing(tmp_path):
    chance = random.Random(3)
    server = RedisServer(tmp_path / "redis")
    forks = multiprocessing.get_context("fork")
    sent = 0

    def start() -> multiprocessing.Process:
        process = forks.Process(target=consume_for_ever, args=(server.url, tmp_path))
        process.start()
        return process

    process = start()
    writer = redis.Redis.from_url(server.url)
    for round_number in range(12):
        for _ in range(25):
            writer.xadd("events", {**EVENT, "event_id": f"e{sent}"})
            sent += 1
        time.sleep(chance.uniform(0, 0.1))
        if round_number % 4 == 3:
            server.kill()
            server.start()
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        process = start()
    deadline = time.monotonic() + 20
    landed: set[str] = set()
    while len(landed) < sent and time.monotonic() < deadline:
        time.sleep(0.1)
        landed = {row["event_id"] for row in landed_rows(tmp_path / "events")}
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert landed == {f"e{number}" for number in range(sent)}
    assert writer.xlen("events") == sent
    server.kill()
