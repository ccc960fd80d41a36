"""No acknowledged event is lost, whenever the server dies, and none counts twice."""

import random
import threading
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from serving.landing import landed_rows
from serving.settings import ServingSettings
from tests.integration.serving.sender import Sender
from tests.integration.serving.server import Server, home_of

KILLS = 50
SENDERS = 4


@pytest.mark.integration
def test_fifty_kills_lose_no_acknowledged_event(tmp_path: Path):
    chance = random.Random(7)
    settings = ServingSettings(home_of(tmp_path))
    server = Server(settings)
    stop = threading.Event()
    senders = [Sender(server.url, f"u{number}", stop) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    acknowledged_by_then = []
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.02, 0.15))
        server.kill()
        acknowledged_by_then.append(sum(len(sender.acknowledged) for sender in senders))
        server.start()
    time.sleep(0.2)
    stop.set()
    for sender in senders:
        sender.join()
    server.stop()

    landing = settings.landing / "events"
    landed = Counter(row["event_id"] for row in landed_rows(landing))
    acknowledged = [one for sender in senders for one in sender.acknowledged]
    assert len(set(acknowledged_by_then)) > KILLS / 2, "the kills met no traffic"
    assert set(acknowledged) <= set(landed)
    # A client that heard nothing sent again, so some ids came twice; as rows of the log only.
    read = (
        f"read_json('{landing}/*.jsonl', format = 'newline_delimited', ignore_errors = true, "
        "columns = {event_id: 'varchar'})"
    )
    ids = duckdb.sql(f"select event_id from {read} where event_id is not null").fetchall()
    assert sorted(ids) == sorted((one,) for one in landed.elements())
