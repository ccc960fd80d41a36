"""Events of long ago: an answer, a place in the list, and a batch, as those of today have."""

import time

import pytest
import redis
from fastapi.testclient import TestClient

from feature_repo.recent_redis import RedisRecentEvents
from orchestration.refreshing.batch import next_batch
from orchestration.refreshing.progress import Progress
from serving.app import create_app
from serving.bundle import Bundle
from serving.landing import landed_rows
from serving.settings import ServingSettings
from tests.unit.serving.lists_asked import point
from tests.unit.serving.shop_release import ITEM_IDS, USER_IDS, make_shop

pytestmark = pytest.mark.integration
USER = USER_IDS[6]
EVENT = {"user_id": USER, "item_id": ITEM_IDS[3], "event_type": "view", "event_id": "old"}


@pytest.mark.parametrize("occurred_at", ["1900-01-01T00:00:00Z", "1969-12-31T23:59:59.75Z"])
def test_an_event_of_before_1970_is_shown_and_wedges_no_batch(redis_server, tmp_path, occurred_at):
    redis.Redis.from_url(redis_server.url).flushall()
    release = make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    settings = ServingSettings(tmp_path, online_store=redis_server.url, store_seconds=5.0)
    with TestClient(create_app(settings)) as client:
        while client.get("/readyz").status_code == 503:
            time.sleep(0.02)
        answer = client.post("/v1/events", json={**EVENT, "occurred_at": occurred_at})
        assert answer.json() == {"accepted": 1, "event_ids": ["old"], "visible": True}
        listed = client.get(f"/v1/recommendations/{USER}").json()
    assert listed["meta"]["fallback"] == "recent"
    assert EVENT["item_id"] not in {item["item_id"] for item in listed["items"]}
    events = tmp_path / "landing" / "events"
    recent = RedisRecentEvents(redis_server.url, settings.project, 5.0)
    batch = next_batch(Bundle.open(release), events, recent, Progress(), [])
    assert (batch.users, batch.event_count) == ([USER], len(list(landed_rows(events))))
    assert EVENT["item_id"] not in set(batch.lists["item_id"])
    recent.close()
