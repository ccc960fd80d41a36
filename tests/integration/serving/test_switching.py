"""Releases that change under load, by what the commands call, in the processes of a server."""

import json
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import httpx
import pytest

from orchestration.releases.bounds import GateBounds
from orchestration.releases.promotion import promote, rollback
from orchestration.releases.signature import Signature
from orchestration.settings import Settings
from serving.bundle import Bundle
from serving.ladder import Wish, listed
from serving.landing import landed_rows
from tests.integration.serving.topshelf_process import PATIENCE_SECONDS, TopshelfServer
from tests.unit.serving.shop_release import ITEM_IDS, USER_IDS, make_shop

pytestmark = pytest.mark.integration
HALF = len(ITEM_IDS) // 2
# No item is offered by both releases.
OFFERED = {"shop-1": ITEM_IDS[:HALF], "shop-2": ITEM_IDS[HALF:]}
# Users who do nothing have the lists of the release; those of the others follow what they do.
QUIET, BUSY = USER_IDS[:8], USER_IDS[8:16]
# Few, because what was looked at leaves the lists.
LOOKED_AT = ("i03", "i23", "i07", "i27")
LENGTH = 6
WORKERS = 2
# A look at the aliases every half second, on a machine that does much else.
SWITCH_SECONDS = 8
# Two users of the shop have nothing to make a list from.
BOUNDS = GateBounds(least_user_share=0.9)


class Visitor(threading.Thread):
    """Asks for lists and sends events, over a new connection now and then."""

    def __init__(self, url: str, number: int, stop: threading.Event) -> None:
        super().__init__(name=f"visitor-{number}")
        self.url, self.number, self.stop = url, number, stop
        self.answers: list[tuple[str, dict]] = []
        self.acknowledged: list[str] = []
        self.failures: list[object] = []

    def run(self) -> None:
        """Go on until told to stop."""
        count = 0
        while not self.stop.is_set():
            # Which process answers is decided when a connection is made.
            with httpx.Client(base_url=self.url, timeout=20) as client:
                for _ in range(5):
                    count += 1
                    try:
                        self._visit(client, count)
                    except httpx.TransportError as error:
                        self.failures.append(error)

    def _visit(self, client: httpx.Client, count: int) -> None:
        users = BUSY if count % 2 else QUIET
        user_id = users[(self.number + count // 2) % len(users)]
        answer = client.get(f"/v1/recommendations/{user_id}", params={"n": LENGTH})
        if answer.status_code != 200:
            self.failures.append((answer.status_code, answer.text))
            return
        self.answers.append((user_id, answer.json()))
        if user_id in BUSY:
            event_id, item_id = f"{self.name}-{count}", LOOKED_AT[count // 2 % len(LOOKED_AT)]
            event = {"event_id": event_id, "item_id": item_id, "event_type": "view"}
            posted = client.post("/v1/events", json={**event, "user_id": user_id})
            if posted.status_code == 200:
                self.acknowledged.append(event_id)
            else:
                self.failures.append((posted.status_code, posted.text))
        time.sleep(0.005)


def newest_shown(home: Path) -> dict[str, str]:
    """Return the release that each process answered from last, by the number of the process."""
    found = {}
    for path in sorted((home / "landing" / "impressions").glob("*.jsonl")):
        lines = path.read_bytes().split(b"\n")
        if len(lines) > 1:
            found[path.name.split("-")[1]] = json.loads(lines[-2])["release_id"]
    return found


def all_shown(home: Path) -> dict[str, list[str]]:
    """Return the releases that each process answered from, in the order of its answers."""
    found = defaultdict(set)
    for path in (home / "landing" / "impressions").glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found[path.name.split("-")[1]] |= {(row["shown_at"], row["release_id"]) for row in rows}
    return {process: [release for _, release in sorted(rows)] for process, rows in found.items()}


def wait_until_all_answer(home: Path, release_id: str, most_seconds: float, url: str = "") -> None:
    """Wait until every process has answered from a release; with `url`, ask for it."""
    start = time.monotonic()
    while list(newest_shown(home).values()) != [release_id] * WORKERS:
        assert time.monotonic() - start < most_seconds, newest_shown(home)
        if url:
            # One process may be ready while another still loads its release.
            httpx.get(f"{url}/v1/recommendations/{QUIET[0]}", timeout=20)
        time.sleep(0.05)


@pytest.fixture
def home(tmp_path) -> Path:
    """Two sound releases of a shop that offer different items; the first is live."""
    places = Settings(home=tmp_path).places("sample")
    for release_id, items in OFFERED.items():
        make_shop(places.releases, release_id, unavailable=[*{*ITEM_IDS} - {*items}])
    promote(places.releases, "shop-1", BOUNDS, signed())
    return places.home


def signed() -> Signature:
    return Signature("ann", "a test", datetime.now(UTC))


def test_promotions_and_rollbacks_under_load_fail_no_request_and_mix_no_answer(home, tmp_path):
    releases, stop = home / "releases", threading.Event()
    moves = [
        lambda: promote(releases, "shop-2", BOUNDS, signed()),
        lambda: rollback(releases, signed()),
    ]
    order = ["shop-1"]
    with TopshelfServer(tmp_path, "--workers", str(WORKERS)) as server:
        url = f"http://127.0.0.1:{server.port}"
        wait_until_all_answer(home, "shop-1", PATIENCE_SECONDS, url)
        visitors = [Visitor(url, number, stop) for number in range(4)]
        for visitor in visitors:
            visitor.start()
        try:
            for move in [*moves, *moves]:
                time.sleep(0.5)
                order.append(move().pointers.live)
                wait_until_all_answer(home, order[-1], SWITCH_SECONDS)
            time.sleep(0.5)
        finally:
            stop.set()
            for visitor in visitors:
                visitor.join()
        code, errors = server.stop()
    assert (code, order) == (0, ["shop-1", "shop-2"] * 2 + ["shop-1"]), errors
    assert [one for visitor in visitors for one in visitor.failures] == []
    # In each process one release follows the other, at once and for all.
    for shown in all_shown(home).values():
        assert [release for release, _ in groupby(shown)] == order
    answers = [one for visitor in visitors for one in visitor.answers]
    assert min(Counter(body["meta"]["release"] for _, body in answers).values()) > 20
    check_answers(releases, answers)
    acknowledged = {one for visitor in visitors for one in visitor.acknowledged}
    assert len(acknowledged) > 20
    assert acknowledged <= {row["event_id"] for row in landed_rows(home / "landing" / "events")}


def check_answers(releases: Path, answers: list[tuple[str, dict]]) -> None:
    """Compare each answer with the release that it names."""
    now = datetime.now(UTC)
    published = {}
    for release_id in OFFERED:
        bundle = Bundle.open(releases / release_id)
        for user_id in QUIET:
            entries = listed(bundle, Wish(user_id, LENGTH), [], now).entries
            published[release_id, user_id] = [bundle.item_ids[entry.item] for entry in entries]
    for user_id, body in answers:
        release_id, items = body["meta"]["release"], [item["item_id"] for item in body["items"]]
        assert len({*items}) == LENGTH
        assert {*items} <= {*OFFERED[release_id]}
        assert items == published.get((release_id, user_id), items)
    followed = {
        body["meta"]["release"] for _, body in answers if body["meta"]["fallback"] == "recent"
    }
    assert followed == {*OFFERED}
