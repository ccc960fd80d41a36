"""Lists over HTTP: form, fallbacks, and what is logged of them."""

import shutil
from datetime import UTC, datetime
from urllib.parse import quote

import numpy as np
import pytest

from serving.assignment import Arm, Experiment
from serving.experiments import RunningExperiment
from serving.keys import parse_keys
from serving.landing import LandingLog, landed_rows
from serving.settings import Exploration
from tests.unit.serving.lists_asked import USER, ask, point, shown
from tests.unit.serving.shop_release import ITEM_IDS, USER_IDS, make_shop, scribble

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEYS = parse_keys("r read read-key-0123456789;w write write-key-0123456789")


def test_the_list_changes_with_the_next_request_after_a_click(shop, serving):
    client = serving(shop)
    user_id = USER_IDS[6]
    before = ask(client, user_id)
    assert (before.meta.fallback, before.meta.degraded) == ("personal", [])
    assert [item.rank for item in before.items] == list(range(1, 11))
    clicked = before.items[0].item_id
    event = {"user_id": user_id, "item_id": clicked, "event_type": "purchase"}
    assert client.post("/v1/events", json=event).json()["visible"]
    after = ask(client, user_id, explain=True)
    assert after.meta.fallback == "recent"
    assert clicked not in shown(after)
    assert after.meta.explanation.recent_events == 1
    assert after.meta.release == "shop-1"
    assert {"store", "rank", "total"} <= set(after.meta.timings)


def test_other_processes_see_the_click_too(shop, serving):
    first, second = serving(shop), serving(shop)
    clicked = ask(first, USER_IDS[8]).items[0].item_id
    event = {"user_id": USER_IDS[8], "item_id": clicked, "event_type": "view"}
    first.post("/v1/events", json=event)
    assert clicked not in shown(ask(second, USER_IDS[8]))


def test_pages_follow_each_other_without_gaps(shop, serving):
    client = serving(shop)
    whole = ask(client, n=12)
    parts = [*shown(ask(client, n=5)), *shown(ask(client, n=7, offset=5))]
    assert parts == shown(whole)
    assert ask(client, n=3, offset=4).items[0].rank == 5


def test_category_and_excluded_items_are_respected(shop, serving):
    client = serving(shop)
    answer = ask(client, category="garden", exclude=["i00", "i02"], n=40)
    assert answer.items
    assert all(int(item_id[1:]) % 2 == 0 for item_id in shown(answer))
    assert not {"i00", "i02"} & set(shown(answer))
    nothing = ask(client, category="unheard of")
    assert (nothing.items, nothing.meta.fallback, nothing.meta.release) == ([], "none", "shop-1")


def test_ids_that_look_like_paths_and_sql_are_just_strangers(shop, serving):
    client = serving(shop)
    for user_id in ("../../etc/passwd", "' or 1=1 --", "a/b", "🙂", "00x"):
        assert ask(client, user_id).meta.fallback == "popular"


def test_a_click_key_may_not_read_and_a_read_key_may(shop, serving):
    client = serving(shop, keys=KEYS)
    path = f"/v1/recommendations/{USER}"
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"x-api-key": "write-key-0123456789"}).status_code == 403
    assert client.get(path, headers={"x-api-key": "read-key-0123456789"}).status_code == 200


def impressions(home):
    return list(landed_rows(home / "landing" / "impressions"))


def test_every_item_shown_is_logged_with_all_that_is_known_of_it(tmp_path, serving):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    before = datetime.now(UTC)
    client = serving(tmp_path)
    answer = ask(client, surface="home", n=3, offset=2)
    client.__exit__(None, None, None)
    rows = impressions(tmp_path)
    assert [row["item_id"] for row in rows] == shown(answer)
    assert [row["rank"] for row in rows] == [3, 4, 5]
    for row in rows:
        assert row["request_id"] == answer.meta.request_id
        assert (row["user_id"], row["surface"]) == (USER, "home")
        assert (row["release_id"], row["variant"]) == ("shop-1", "live")
        assert (row["fallback"], row["propensity"]) == ("personal", 1.0)
        assert row["duration_ms"] == answer.meta.timings["total"] > 0
        assert row["is_degraded"] is False
        assert before <= datetime.fromisoformat(row["shown_at"]) <= datetime.now(UTC)
    client.__enter__()


def test_the_logged_propensity_is_that_of_the_exploration(tmp_path, serving):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    published = {user: shown(ask(serving(tmp_path), user, n=4)) for user in USER_IDS}
    rule = Exploration(rate=0.5, rank=2, depth=3)
    client = serving(tmp_path, lambda: NOON, exploration=rule)
    explored = {ask(client, user, n=4).meta.request_id: user for user in USER_IDS}
    client.__exit__(None, None, None)
    rows = [
        row
        for row in impressions(tmp_path)
        if row["rank"] == 2 and explored.get(row["request_id"]) is not None
    ]
    assert len(rows) == len(USER_IDS)
    for row in rows:
        places = published[row["user_id"]]
        owner = row["item_id"] == places[1]
        assert row["item_id"] in places[1:]
        assert row["propensity"] == pytest.approx(0.5 + 0.5 / 3 if owner else 0.5 / 3)
    assert len({published[row["user_id"]].index(row["item_id"]) for row in rows}) == 3
    client.__enter__()


def test_pages_of_a_list_that_explores_fit_together_in_every_process(shop, serving):
    rule = Exploration(rate=0.9, rank=3, depth=10)
    clients = [serving(shop, lambda: NOON, exploration=rule) for _ in range(2)]
    plain = serving(shop)
    across = 0
    for user in USER_IDS:
        pages = [
            shown(ask(client, user, n=4, offset=offset))
            for client, offset in zip((*clients, clients[0]), (0, 4, 8), strict=True)
        ]
        whole, published = shown(ask(clients[1], user, n=12)), shown(ask(plain, user, n=12))
        assert [*pages[0], *pages[1], *pages[2]] == whole
        assert sorted(whole) == sorted(published)
        across += whole[2] in published[4:]
    assert across > len(USER_IDS) / 4
    count = "topshelf_explored_total 0.0"
    assert count not in clients[0].get("/metrics").text
    assert count in plain.get("/metrics").text


def test_impressions_that_do_not_fit_are_counted_and_hold_nobody_up(tmp_path, serving):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path)
    parts = client.app.state.parts
    parts.impressions.close()
    parts.impressions = LandingLog(tmp_path / "tiny", pending_rows=3)
    assert len(ask(client, n=10).items) == 10
    assert 'topshelf_impressions_dropped_total{reason="full"} 10.0' in client.get("/metrics").text


def test_an_event_of_an_unknown_type_is_refused_with_those_that_are_known(shop, serving):
    event = {"user_id": USER, "item_id": "i00", "event_type": "veiw"}
    answer = serving(shop).post("/v1/events", json=event)
    assert answer.status_code == 422
    assert "dislike, ping, purchase, view" in answer.json()["detail"]


def test_scores_and_evidence_are_those_of_the_release(shop, serving):
    answer = ask(serving(shop), USER_IDS[10])
    assert [round(item.score, 4) for item in answer.items[:3]] == [0.5, 0.25, round(0.5 / 3, 4)]
    assert all(item.evidence in ITEM_IDS for item in answer.items if item.source == "als")
    assert np.all(np.diff([item.rank for item in answer.items]) == 1)


def test_an_arm_is_in_the_answer_and_in_the_log_and_decides_the_list(shop, serving, tmp_path):
    arms = (Arm("popular", 0.5, "popular"), Arm("topshelf", 0.5, "live"))
    experiment = Experiment("lists", "shop", "lists", arms)
    always = RunningExperiment(
        experiment, datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    )
    home = tmp_path / "home"
    shutil.copytree(shop / "releases", home / "releases")
    client = serving(home, experiments=(always,))
    answers = {user: client.get(f"/v1/recommendations/{quote(user)}").json() for user in USER_IDS}
    variants = {answer["meta"]["variant"] for answer in answers.values()}
    assert variants == {"live lists:popular", "live lists:topshelf"}
    for answer in answers.values():
        if answer["meta"]["variant"].endswith("popular"):
            assert {item["source"] for item in answer["items"]} == {"popular"}
    assert "personal" in {answer["meta"]["fallback"] for answer in answers.values()}
    client.__exit__(None, None, None)
    logged = {row["user_id"]: row["variant"] for row in landed_rows(home / "landing/impressions")}
    assert logged == {user: answer["meta"]["variant"] for user, answer in answers.items()}


def test_what_a_damaged_release_would_have_shown_is_not_counted(tmp_path, serving):
    make_shop(tmp_path / "releases")
    canary = make_shop(tmp_path / "releases", "shop-2")
    trial = {"release_id": "shop-2", "percent": 100.0, "salt": "s"}
    point(tmp_path, "shop-1", canary=trial)
    client = serving(tmp_path, exploration=Exploration(rate=0.9, rank=3, depth=10))
    scribble(canary, "list_item")
    assert {ask(client, user).meta.release for user in USER_IDS[:20]} == {"shop-1"}
    told = client.get("/metrics").text
    client.__exit__(None, None, None)
    rows = [row for row in impressions(tmp_path) if row["rank"] == 3]
    # The owner of the place has a tenth and its share of the draws, another item that share.
    swapped = sum(row["propensity"] < 0.1 for row in rows)
    assert (len(rows), 0 < swapped < 20) == (20, True)
    assert f"topshelf_explored_total {float(swapped)}\n" in told
    assert 'topshelf_degraded_total{reason="release"} 20.0' in told
    client.__enter__()
