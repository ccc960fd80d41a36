"""Whatever is killed on the way of an event, and when: it is in the tables, and once."""

import json
import random
import threading
import time
from collections import Counter

import duckdb
import pytest

from orchestration.refreshing.progress import read_progress, what_waits
from orchestration.serve import serving_settings
from orchestration.settings import PROJECT_ROOT
from tests.integration.serving.pipeline import Pipeline
from tests.integration.serving.sender import Sender
from tests.integration.serving.server import Server
from tests.integration.serving.shop_home import make_home

pytestmark = pytest.mark.integration
KILLS = 50
# What is killed, again and again in this order: the application, a micro-batch, dbt.
VICTIMS = ("server", "batch", "batch", "tables")


@pytest.fixture
def settings(tmp_path):
    return make_home(tmp_path)


@pytest.fixture
def pipeline(settings, sample_mapping, tmp_path):
    """Give the steps of a log without an end, into which landed events go."""
    mapping = {name: value for name, value in sample_mapping.items() if name != "as_of"}
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps(mapping))
    pipeline = Pipeline(settings, file)
    assert pipeline.finish("seeds")
    yield pipeline
    pipeline.close()


def asked(warehouse, query):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute(f"set file_search_path = '{PROJECT_ROOT}'")
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()


def kill_in_turn(server, pipeline) -> Counter:
    """Kill fifty processes at moments of chance; return how many were at work by kind."""
    chance = random.Random(11)
    killed: Counter = Counter()
    while killed.total() < KILLS:
        victim = VICTIMS[killed.total() % len(VICTIMS)]
        if victim == "server":
            time.sleep(chance.uniform(0.02, 0.15))
            server.kill()
            server.start()
            killed[victim] += 1
        else:
            # The longer ones may end before: that one counts as none.
            killed[victim] += pipeline.kill(victim, chance.uniform(0, 2))
    return killed


def test_fifty_kills_of_any_part_lose_no_acknowledged_event_and_repeat_none(settings, pipeline):
    places = settings.places("sample")
    server, stop = Server(serving_settings(settings)), threading.Event()
    senders = [Sender(server.url, f"sender{number}", stop, 0.1) for number in range(2)]
    for sender in senders:
        sender.start()
    killed = kill_in_turn(server, pipeline)
    stop.set()
    for sender in senders:
        sender.join()
    server.stop()
    while what_waits(places.releases, places.landing / "events", read_progress(places.progress)):
        assert pipeline.finish("batch")
    # What lands within a second of the start waits for the next run.
    time.sleep(1.1)
    assert pipeline.finish("tables")

    acknowledged = {one for sender in senders for one in sender.acknowledged}
    sent = {one for sender in senders for one in sender.sent}
    assert min(killed.values()) >= KILLS // len(VICTIMS)
    assert len(acknowledged) > KILLS
    mine = "where user_id like 'sender%'"
    for table in ("staging.stg_events__interactions", "intermediate.int_interactions"):
        rows = asked(places.warehouse, f"select interaction_id, user_id from {table} {mine}")
        counts = Counter(event_id for event_id, _ in rows)
        assert set(counts.values()) == {1}, table
        assert acknowledged <= set(counts) <= sent, table
    # Some of them came more than once, which the tables do not show.
    delivered = asked(
        places.warehouse, f"select count(*) from staging.stg_events__deliveries {mine}"
    )
    assert delivered[0][0] > len(rows)
    # The micro-batches counted the same, for each user.
    refreshed = asked(
        places.warehouse, f"select user_id, interaction_count from ml.refreshed_activity {mine}"
    )
    assert dict(refreshed) == Counter(user_id for _, user_id in rows)
