"""What follows an answer: counts of a canary, and what the shadow would have said."""

import json
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from serving.landing import landed_rows, newest_rows
from serving.pointers import ALIASES, FORMAT_VERSION, Canary
from serving.settings import ServingSettings
from serving.variant_counts import read_variant_counts
from tests.unit.serving.shop_release import USER_IDS, make_shop

HALF = Canary("shop-2", 50.0, "shop-2")
IN_CANARY = [user for user in USER_IDS if HALF.has(user)]
LIVE = [user for user in USER_IDS if not HALF.has(user)]


def point(home: Path, **aliases: object) -> None:
    told = {"format_version": FORMAT_VERSION, "version": 7, "live": "shop-1", "canary": None}
    content = {**told, "shadow": None, "previous": None, **aliases}
    (home / "releases" / ALIASES).write_text(json.dumps(content))


def with_canary(home: Path) -> None:
    point(home, canary={"release_id": "shop-2", "percent": 50, "salt": "shop-2"})


@pytest.fixture
def home(tmp_path):
    for name in ("shop-1", "shop-2"):
        make_shop(tmp_path / "releases", name)
    return tmp_path


@pytest.fixture
def client(home):
    """Give `client()`, of an application that is ready; all of it is on disk after `close`."""
    opened = []

    def start() -> TestClient:
        settings = ServingSettings(home, rank_seconds=20.0, store_seconds=5.0)
        client = TestClient(create_app(settings), raise_server_exceptions=False).__enter__()
        opened.append(client)
        while client.get("/readyz").status_code == 503:
            time.sleep(0.02)
        return client

    yield start
    for one in opened:
        close(one)


def close(client: TestClient) -> None:
    if not getattr(client, "is_closed_by_test", False):
        client.is_closed_by_test = True
        client.__exit__(None, None, None)


def ask(client: TestClient, user_id: str) -> dict:
    answer = client.get(f"/v1/recommendations/{user_id}", params={"n": 5})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_answers_and_clicks_are_counted_by_the_alias_of_the_user(home, client):
    with_canary(home)
    serving = client()
    for user in (LIVE[0], LIVE[1], IN_CANARY[0]):
        answer = ask(serving, user)
    assert (answer["meta"]["release"], answer["meta"]["variant"]) == ("shop-2", "canary")
    event = {"user_id": IN_CANARY[0], "item_id": answer["items"][0]["item_id"]}
    for _ in range(2):
        assert serving.post("/v1/events", json={**event, "event_type": "purchase"}).is_success
    close(serving)
    counts = read_variant_counts(home / "releases", 7)
    assert (counts["live"].requests, counts["live"].errors) == (2, 0)
    assert (counts["canary"].requests, counts["canary"].engaged) == (1, 1)


def test_a_canary_that_cannot_be_opened_counts_as_failing_while_live_answers(home, client):
    with_canary(home)
    (home / "releases" / "shop-2" / "list_item.npy").unlink()
    serving = client()
    answer = ask(serving, IN_CANARY[0])
    assert answer["meta"]["release"] == "shop-1"
    assert answer["items"]
    close(serving)
    counts = read_variant_counts(home / "releases", 7)
    assert (counts["canary"].requests, counts["canary"].errors) == (1, 1)
    assert counts["live"].requests == 0


def test_without_a_canary_nothing_is_counted(home, client):
    point(home)
    serving = client()
    ask(serving, LIVE[0])
    close(serving)
    assert read_variant_counts(home / "releases", 7)["live"].requests == 0


def test_the_shadow_is_asked_the_same_and_both_answers_are_kept(home, client):
    point(home, shadow="shop-2")
    serving = client()
    answers = {ask(serving, user)["meta"]["request_id"]: user for user in USER_IDS[:3]}
    shown = [item["item_id"] for item in ask(serving, USER_IDS[4])["items"]]
    close(serving)
    rows = list(landed_rows(home / "landing" / "shadow" / "shop-1" / "shop-2"))
    assert set(answers) < {row["request_id"] for row in rows}
    assert len(rows) == 4
    last = rows[-1]
    assert (last["live_release_id"], last["shadow_release_id"]) == ("shop-1", "shop-2")
    assert last["live_items"][:5] == shown
    # Both releases were made of the same shop.
    assert last["shadow_items"] == last["live_items"]
    assert last["shadow_scores"] == last["live_scores"]


def test_a_shadow_that_fails_changes_no_answer(home, client, monkeypatch):
    point(home, shadow="shop-2")
    serving = client()

    def fail(*_):
        raise RuntimeError("no")

    monkeypatch.setattr("serving.shadowing.compared", fail)
    assert ask(serving, USER_IDS[4])["items"]
    close(serving)
    assert not list((home / "landing" / "shadow").rglob("*.jsonl"))


def test_of_each_pair_of_releases_the_newest_requests_are_kept(home, client, monkeypatch):
    monkeypatch.setattr("serving.shadowing.KEPT_BYTES", 20_000)
    monkeypatch.setattr("serving.shadowing.SEGMENT_BYTES", 2_000)
    point(home, shadow="shop-2")
    serving = client()
    folder = home / "landing" / "shadow" / "shop-1" / "shop-2"
    asked = []
    for _ in range(20):
        # What waits for the disk together is in one file, whatever its size.
        asked += [ask(serving, USER_IDS[4])["meta"]["request_id"] for _ in range(5)]
        while asked[-1] not in {row["request_id"] for row in newest_rows(folder)}:
            time.sleep(0.01)
    size = sum(path.stat().st_size for path in folder.iterdir())
    kept = {row["request_id"] for row in newest_rows(folder)}
    # Some 400 bytes each. Files of one tick of the clock may change places.
    assert {*asked[-20:]} <= kept <= {*asked[-80:]}
    assert size < 20_000 + 2_000 + 5 * 1_000
    # Roles change, and the log of the pair before stays.
    point(home, version=8, live="shop-2", shadow="shop-1")
    while ask(serving, USER_IDS[4])["meta"]["release"] != "shop-2":
        time.sleep(0.02)
    close(serving)
    (other,) = newest_rows(home / "landing" / "shadow" / "shop-2" / "shop-1")
    assert other["live_release_id"] == "shop-2"
    assert next(newest_rows(folder))["live_release_id"] == "shop-1"


def test_nobody_is_asked_when_there_is_no_shadow(home, client):
    point(home)
    serving = client()
    ask(serving, USER_IDS[4])
    close(serving)
    assert not (home / "landing" / "shadow").exists()
