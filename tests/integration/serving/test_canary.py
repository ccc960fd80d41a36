"""A canary that does harm is ended by the server itself, and the other users do not notice it."""

import http.client
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.releases.aliases import read_history
from orchestration.releases.promotion import start_canary
from orchestration.releases.signature import Signature
from orchestration.settings import Settings
from serving.pointers import LIVE, Pointers, read_pointers
from tests.integration.serving.topshelf_process import TopshelfServer
from tests.unit.serving.lists_asked import point
from tests.unit.serving.shop_release import make_shop

pytestmark = pytest.mark.integration
# What visitors come for; the bad release does not offer it.
WANTED = "i00"
LIMIT_SECONDS = 240


@pytest.fixture
def releases(tmp_path) -> Path:
    """Two releases of a shop, of which the second is on trial with half of the users."""
    releases = Settings(home=tmp_path).places("sample").releases
    make_shop(releases)
    make_shop(releases, "shop-2", unavailable=[WANTED])
    point(releases.parent, "shop-1")
    return releases


def damage(release: Path) -> None:
    (release / "popular_item.npy").write_bytes(b"")


def ask(port: int, method: str, path: str, body: str = "") -> dict:
    """Send a request over a connection of its own, as another visitor would."""
    status = 503
    # One process may be ready while another still loads its release.
    while status == 503:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        answer = connection.getresponse()
        status, content = answer.status, answer.read()
        connection.close()
    assert status == 200, content
    return json.loads(content)


def visit(port: int, user_id: str) -> dict:
    """Ask for a list, and click what the visitor came for if it is there."""
    answer = ask(port, "GET", f"/v1/recommendations/{user_id}")
    if WANTED in {item["item_id"] for item in answer["items"]}:
        event = {"user_id": user_id, "item_id": WANTED, "event_type": "view"}
        ask(port, "POST", "/v1/events", json.dumps(event))
    return answer


def visits_until_it_ends(port: int, releases: Path, on_trial: Pointers) -> list[tuple[str, dict]]:
    """Let strangers visit until the canary has no alias; return whose lists they got, and which."""
    seen = []
    deadline = time.monotonic() + LIMIT_SECONDS
    while read_pointers(releases).canary is not None:
        assert time.monotonic() < deadline, "the canary was not ended"
        user_id = f"visitor-{len(seen)}"
        seen.append((on_trial.variant_of(user_id), visit(port, user_id)))
    return seen


@pytest.mark.parametrize(
    ("harm", "workers", "said"),
    [
        (damage, "1", "requests with an error"),
        # Clicks come to either process, whichever answered before.
        (None, "2", "users who turned to something after an answer"),
    ],
)
def test_a_bad_canary_is_ended_by_the_server_and_hurts_nobody_else(
    releases, tmp_path, harm, workers, said
):
    signature = Signature("ann", "a trial", datetime.now(UTC))
    on_trial = start_canary(releases, "shop-2", 50, signature).pointers
    if harm:
        harm(releases / "shop-2")
    with TopshelfServer(tmp_path, "--workers", workers) as server:
        seen = visits_until_it_ends(server.port, releases, on_trial)
        # In effect in every process, within the time between two looks at the aliases.
        time.sleep(2)
        after = [visit(server.port, f"later-{number}") for number in range(20)]
        code, errors = server.stop()
    assert code == 0, errors
    assert {body["meta"]["release"] for body in after} == {"shop-1"}
    # Whoever is in the canary gets a whole list as well, of the live release if it has none.
    assert {len(body["items"]) for _, body in seen} == {10}
    releases_of = {
        variant: {body["meta"]["release"] for found, body in seen if found == variant}
        for variant in (LIVE, "canary")
    }
    assert releases_of == {"live": {"shop-1"}, "canary": {"shop-1" if harm else "shop-2"}}
    change = read_history(releases)[-1]
    assert (change.action, change.changed_by, change.release_id) == (
        "end_canary",
        "canary guard",
        "shop-2",
    )
    assert said in change.reason
    assert read_pointers(releases) == Pointers(on_trial.version + 1, live="shop-1")
