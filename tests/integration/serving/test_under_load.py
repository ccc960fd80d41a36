"""What happens to requests while stores die and too many come at once."""

import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from benchmarks.serving.servers import get, load
from serving.limits import Limits
from serving.settings import ServingSettings
from tests.integration.serving.redis_server import RedisServer
from tests.integration.serving.server import Server, home_of
from tests.unit.serving.lists_asked import point
from tests.unit.serving.shop_release import USER_IDS, make_shop

pytestmark = pytest.mark.integration
# As fast as they are answered is faster than one key may ask.
UNHURRIED = Limits(requests_per_second=100_000, wait_seconds=20)


class Load:
    """Threads that ask for lists as fast as they are answered."""

    def __init__(self, url: str, threads: int = 3, posts: bool = False) -> None:
        self.url, self.posts = url, posts
        self.answers: list[httpx.Response] = []
        self.errors: list[Exception] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        client = httpx.Client(base_url=self.url, timeout=20)
        count = 0
        while not self._stop.is_set():
            count += 1
            user_id = USER_IDS[(number + count) % 20]
            try:
                if self.posts and count % 5 == 0:
                    event = {"user_id": user_id, "item_id": "i03", "event_type": "view"}
                    self.answers.append(client.post("/v1/events", json=event))
                else:
                    self.answers.append(client.get(f"/v1/recommendations/{user_id}"))
            except httpx.TransportError as error:
                self.errors.append(error)


@pytest.fixture
def home(tmp_path) -> Path:
    home = home_of(tmp_path)
    make_shop(home / "releases")
    point(home, "shop-1")
    return home


def test_a_store_that_dies_and_comes_back_fails_no_request(home, tmp_path):
    store = RedisServer(tmp_path / "redis")
    settings = ServingSettings(home, online_store=store.url, limits=UNHURRIED, rank_seconds=5)
    fallbacks = []
    with Server(settings) as server:
        event = {"user_id": USER_IDS[4], "item_id": "i03", "event_type": "view"}
        assert httpx.post(f"{server.ready().url}/v1/events", json=event).json()["visible"]

        def fallback() -> str:
            answer = httpx.get(f"{server.url}/v1/recommendations/{USER_IDS[4]}", timeout=20)
            return answer.json()["meta"]["fallback"]

        with Load(server.url, threads=2, posts=True) as load:
            fallbacks.append(fallback())
            store.kill()
            time.sleep(1)
            fallbacks.append(fallback())
            store.start()
            time.sleep(2.5)
            fallbacks.append(fallback())
    store.kill()
    assert not load.errors
    assert Counter(answer.status_code for answer in load.answers) == {200: len(load.answers)}
    # Without the store the list is the published one; with its data back it follows again.
    assert fallbacks == ["recent", "personal", "recent"]


def test_too_many_at_once_are_sent_away_and_the_others_are_answered(home):
    limits = Limits(concurrent_requests=2, requests_per_second=100_000)
    with Server(ServingSettings(home, limits=limits, rank_seconds=5)) as server:
        server.ready()
        with Load(server.url, threads=12, posts=True) as load:
            time.sleep(3)
        statuses = Counter(answer.status_code for answer in load.answers)
        refused = [answer for answer in load.answers if answer.status_code == 503]
        assert set(statuses) == {200, 503}
        assert not load.errors
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert refused[0].headers["content-type"] == "application/problem+json"
        # As soon as there are fewer, everybody is answered again.
        with Load(server.url, threads=1) as calm:
            time.sleep(0.5)
        assert {answer.status_code for answer in calm.answers} == {200}


def test_twice_the_peak_sheds_what_is_too_much_and_fails_nothing(home):
    def request(number: int) -> bytes:
        return get(f"/v1/recommendations/{USER_IDS[number % 20]}")

    with Server(ServingSettings(home, limits=UNHURRIED)) as server:
        peak = load(server.ready().port, request, seconds=2, clients=8)
    assert (peak.refused, peak.failed) == (0, 0)
    limits = Limits(requests_per_second=100_000, wait_seconds=0.02)
    with Server(ServingSettings(home, limits=limits)) as server:
        over = load(server.ready().port, request, 3, clients=256, per_second=2 * peak.per_second)
        assert over.refused > 0
        assert over.failed == 0
        assert over.milliseconds.size > 100
        # It recovers: soon nobody is sent away again.
        deadline = time.monotonic() + 30
        while load(server.port, request, 0.5, 2, per_second=20).refused:
            assert time.monotonic() < deadline


def test_health_is_answered_when_lists_are_not(home):
    limits = Limits(concurrent_requests=1, requests_per_second=100_000)
    with Server(ServingSettings(home, limits=limits)) as server:
        server.ready()
        with Load(server.url, threads=6):
            statuses = {httpx.get(f"{server.url}/healthz").status_code for _ in range(20)}
    assert statuses == {200}
