"""Clicks that come to a server whose clock is behind the release."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.consume import landing_moment
from serving.bundle_files import manifest_checksum
from serving.landing import rows_after
from tests.unit.serving.lists_asked import point
from tests.unit.serving.shop_release import CUTOFF, USER_IDS, make_shop

MADE_FOR = datetime.fromisoformat(CUTOFF).replace(tzinfo=UTC)
USER = USER_IDS[6]


@pytest.fixture
def home(tmp_path):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    return tmp_path


@pytest.mark.parametrize("behind", [timedelta(hours=2), timedelta(0), -timedelta(hours=2)])
def test_a_click_counts_wherever_the_clock_stands(serving, home, behind):
    client = serving(home, lambda: MADE_FOR - behind)
    clicked = client.get(f"/v1/recommendations/{USER}").json()["items"][0]["item_id"]
    event = {"user_id": USER, "item_id": clicked, "event_type": "view"}
    assert client.post("/v1/events", json=event).json()["visible"]
    answer = client.get(f"/v1/recommendations/{USER}").json()
    assert answer["meta"]["fallback"] == "recent"
    assert clicked not in {item["item_id"] for item in answer["items"]}
    # A micro-batch reads on from the cutoff, by the names of the files.
    (row,) = rows_after(home / "landing" / "events", {}, MADE_FOR, 10).rows
    landed_at = datetime.fromisoformat(row["loaded_at"])
    assert landed_at == max(MADE_FOR, MADE_FOR - behind)
    is_behind = "clock" in json.dumps(client.get("/readyz").json()["degraded"])
    assert is_behind == (behind > timedelta(0))


def test_a_moment_before_the_release_counts_because_it_becomes_known_now(serving, home):
    client = serving(home, lambda: MADE_FOR - timedelta(hours=2))
    told = (MADE_FOR - timedelta(days=1)).isoformat()
    event = {"user_id": USER, "item_id": "i01", "event_type": "view", "occurred_at": told}
    assert client.post("/v1/events", json=event).json()["visible"]
    assert client.get(f"/v1/recommendations/{USER}").json()["meta"]["fallback"] == "recent"


def test_a_consumer_lands_nothing_before_the_release(home):
    assert landing_moment(home / "nothing") <= datetime.now(UTC)
    assert abs(landing_moment(home / "releases") - datetime.now(UTC)) < timedelta(hours=1)
    manifest = home / "releases" / "shop-1" / "manifest.json"
    told = {**json.loads(manifest.read_text()), "generated_at": "2999-01-01 00:00:00"}
    manifest.write_text(json.dumps({**told, "manifest_sha256": manifest_checksum(told)}))
    assert landing_moment(home / "releases") == datetime(2999, 1, 1, tzinfo=UTC)
    manifest.write_text("{")
    assert landing_moment(home / "releases") < datetime(2999, 1, 1, tzinfo=UTC)
