"""An answer comes in its time, whatever is missing, slow or damaged, and says what it lacks."""

import asyncio
import sqlite3
import time
from contextlib import closing

import pytest

from feature_repo.recent_events import FILE, RecentEvent
from feature_repo.recent_sqlite import SqliteRecentEvents
from serving import ladder
from serving.answering import Course, recent_events
from serving.application import Application
from serving.settings import Exploration, ServingSettings
from serving.variant_counts import read_variant_counts
from tests.unit.serving.lists_asked import USER, ask, point, shown, wait_for
from tests.unit.serving.shop_release import USER_IDS, make_shop, scribble

IN_TIME = ladder.listed


def locked(path):
    """Open the file of recent events so that nobody else can read it until it is closed."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = delete")
    connection.execute("begin exclusive")
    return connection


def failing(bundle, wish, events, now):
    """Fail wherever there are events to rank with."""
    if events:
        raise ArithmeticError
    return IN_TIME(bundle, wish, events, now)


def too_slow(bundle, wish, events, now):
    time.sleep(1 if events else 0)
    return IN_TIME(bundle, wish, events, now)


def test_without_an_online_store_the_published_list_is_sent_and_labelled(tmp_path, serving):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path, online_store="redis://127.0.0.1:1/0")
    answer = ask(client)
    assert answer.meta.fallback == "personal"
    assert (answer.meta.degraded, answer.meta.explanation) == (["store"], None)
    assert ask(client, explain=True).meta.explanation.degraded == ["store"]
    assert client.get("/readyz").json()["degraded"] == ["the online store does not answer"]
    assert 'topshelf_degraded_total{reason="store"} 2.0' in client.get("/metrics").text


def test_an_online_store_that_hangs_costs_no_more_than_its_time(tmp_path, serving):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path, store_seconds=0.05)
    with closing(locked(tmp_path / FILE)):
        answer = ask(client, explain=True)
        assert answer.meta.fallback == "personal"
        assert answer.meta.explanation.degraded == ["store"]
        # The next ones do not even try, for a while.
        assert ask(client).meta.timings.get("store", 0) == 0


def test_a_store_that_is_held_for_a_while_holds_nothing_else_up(tmp_path):
    store = SqliteRecentEvents(tmp_path / FILE)
    event = RecentEvent(1.0, 2.0, "e1", "i1", "view")
    store.add({USER: [event]})
    store.close()
    parts = Application(ServingSettings(tmp_path, store_seconds=20.0))
    parts.open()
    course = Course()

    async def read_and_release() -> list[RecentEvent]:
        """Let go of the file in the loop that reads it, which can only be if it does not wait."""
        with closing(locked(tmp_path / FILE)):
            reading = asyncio.create_task(recent_events(parts, USER, course))
            await asyncio.sleep(0.05)
            assert not reading.done()
        return await reading

    assert asyncio.run(read_and_release()) == [event]
    assert course.degraded == []
    # Nor did the loop wait in vain before it handed the read over.
    assert course.timings["store"] < 1000 * parts.settings.store_seconds
    parts.close()


@pytest.mark.parametrize(
    "stored",
    [
        # As a newer version may write it.
        '[[1.0, 2.0, "e", "i03", "view", null, "seventh"]]',
        # As many fields, but not what they are for.
        '[["2026-03-01", 2.0, "e", "i03", "view", null]]',
        '[[4e9, 4e9, "e", 3, "view", null]]',
        '[[4e9, 4e9, "e", "i03", ["view"], null]]',
        b"\xff",
    ],
)
def test_events_of_one_user_that_cannot_be_read_concern_nobody_else_and_are_replaced(
    tmp_path, serving, stored
):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path)
    for user_id in (USER, USER_IDS[5]):
        event = {"user_id": user_id, "item_id": "i03", "event_type": "view"}
        client.post("/v1/events", json=event)
    assert ask(client).meta.fallback == "recent"
    with sqlite3.connect(tmp_path / FILE) as connection:
        change = "update user_recent_events set events = cast(? as text) where user_id = ?"
        connection.execute(change, (stored, USER))
    connection.close()
    answer = ask(client)
    assert (answer.meta.fallback, answer.meta.degraded) == ("personal", ["events"])
    assert len(answer.items) == 10
    other = ask(client, USER_IDS[5])
    assert (other.meta.fallback, other.meta.degraded) == ("recent", [])
    assert client.get("/readyz").json()["degraded"] == []
    assert 'topshelf_degraded_total{reason="events"} 1.0' in client.get("/metrics").text
    event = {"user_id": USER, "item_id": "i05", "event_type": "view"}
    assert client.post("/v1/events", json=event).json()["visible"]
    healed = ask(client, explain=True)
    assert (healed.meta.fallback, healed.meta.degraded) == ("recent", [])
    assert healed.meta.explanation.recent_events == 1


def test_events_that_nothing_can_be_made_of_do_not_cost_the_list(tmp_path, serving, monkeypatch):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path)
    before = ask(client)

    def without_events(bundle, wish, events, now):
        return failing(bundle, wish, [*events, *wish.unranked], now)

    monkeypatch.setattr(ladder, "listed", without_events)
    client.post("/v1/events", json={"user_id": USER, "item_id": "i03", "event_type": "view"})
    answer = ask(client)
    assert answer.items == before.items
    assert (answer.meta.fallback, answer.meta.degraded) == ("personal", ["failed", "release"])


def test_a_ranking_that_takes_too_long_is_not_waited_for(tmp_path, serving, monkeypatch):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path, rank_seconds=0.05)
    monkeypatch.setattr(ladder, "listed", too_slow)
    event = {"user_id": USER, "item_id": "i00", "event_type": "view"}
    client.post("/v1/events", json=event)
    answer = ask(client, explain=True)
    assert answer.meta.fallback == "personal"
    assert answer.meta.explanation.degraded == ["slow"]


def test_without_a_release_the_answer_is_empty_and_says_so(tmp_path, serving):
    client = serving(tmp_path)
    answer = ask(client)
    assert (answer.items, answer.meta.fallback, answer.meta.release) == ([], "none", None)
    assert answer.meta.degraded == ["release"]
    assert client.get("/readyz").json()["status"] == "degraded"
    event = {"user_id": USER, "item_id": "i00", "event_type": "view"}
    assert client.post("/v1/events", json=event).status_code == 200


def test_a_canary_that_was_damaged_while_it_is_served_leaves_the_list_to_the_live_release(
    tmp_path, serving
):
    make_shop(tmp_path / "releases")
    canary = make_shop(tmp_path / "releases", "shop-2")
    trial = {"release_id": "shop-2", "percent": 100.0, "salt": "s"}
    point(tmp_path, "shop-1", canary=trial)
    client = serving(tmp_path)
    before = ask(client)
    assert (before.meta.release, before.meta.fallback) == ("shop-2", "personal")
    scribble(canary, "list_item")
    answer = ask(client, explain=True)
    assert answer.items == before.items
    assert (answer.meta.release, answer.meta.variant) == ("shop-1", "canary")
    assert answer.meta.explanation.degraded == ["release"]
    client.app.state.parts.variants.flush()
    assert read_variant_counts(tmp_path / "releases", 1)["canary"].errors == 1


@pytest.mark.parametrize("rate", [0.0, 0.5])
@pytest.mark.parametrize("array", ["list_item", "list_source", "list_evidence"])
def test_a_list_that_was_damaged_while_it_is_served_leaves_what_is_popular(
    tmp_path, serving, array, rate
):
    release = make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    # Nothing of a list is looked at before it is written down, but for what is drawn from.
    client = serving(tmp_path, exploration=Exploration(rate=rate, rank=2, depth=3))
    assert ask(client).meta.fallback == "personal"
    scribble(release, array)
    answer = ask(client, n=4, explain=True)
    assert [item.source for item in answer.items] == ["popular"] * 4
    assert [item.rank for item in answer.items] == [1, 2, 3, 4]
    assert (answer.meta.release, answer.meta.fallback) == ("shop-1", "popular")
    assert answer.meta.explanation.degraded == ["release"]
    assert 'topshelf_degraded_total{reason="release"} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize(
    "further",
    [
        {"previous": "shop-2", "canary": {"release_id": "shop-2", "percent": 0.0, "salt": "s"}},
        {"shadow": "shop-2"},
        # Nothing but the live release has to answer anybody.
        {"previous": "shop-2"},
    ],
)
def test_a_live_release_without_a_readable_list_leaves_the_answer_to_another_open_one(
    tmp_path, serving, further
):
    release = make_shop(tmp_path / "releases")
    make_shop(tmp_path / "releases", "shop-2")
    point(tmp_path, "shop-1", **further)
    client = serving(tmp_path)
    wait_for(client, "shop-2")
    before = ask(client)
    assert (before.meta.release, before.meta.degraded) == ("shop-1", [])
    scribble(release, "list_item", "popular_item")
    answer = ask(client, explain=True)
    assert answer.items == before.items
    assert (answer.meta.release, answer.meta.fallback) == ("shop-2", "personal")
    assert answer.meta.explanation.degraded == ["release"]


def test_where_nothing_can_be_read_the_answer_is_empty_and_says_so(tmp_path, serving):
    release = make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path)
    scribble(release, "list_item", "popular_item")
    answer = ask(client, explain=True)
    assert (answer.items, answer.meta.fallback) == ([], "none")
    assert answer.meta.explanation.degraded == ["release"]


def test_what_was_just_refused_is_not_in_the_popular_list_either(tmp_path, serving):
    release = make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path)
    scribble(release, "list_item")
    first = ask(client).items[0].item_id
    event = {"user_id": USER, "item_id": first, "event_type": "dislike"}
    client.post("/v1/events", json=event)
    assert first not in shown(ask(client, n=50))


@pytest.mark.parametrize(("ranking", "reason"), [(failing, "failed"), (too_slow, "slow")])
@pytest.mark.parametrize("kind", ["purchase", "dislike"])
def test_what_was_just_bought_or_disliked_stays_away_without_a_ranking(
    tmp_path, serving, monkeypatch, ranking, reason, kind
):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path, rank_seconds=0.05)
    before = shown(ask(client, n=12))
    monkeypatch.setattr(ladder, "listed", ranking)
    client.post("/v1/events", json={"user_id": USER, "item_id": before[1], "event_type": kind})
    answer = ask(client, n=11, explain=True)
    assert shown(answer) == [before[0], *before[2:]]
    assert (answer.meta.fallback, answer.meta.explanation.degraded) == ("personal", [reason])
    # They are not in its order.
    assert answer.meta.explanation.recent_events == 0


def test_where_items_repeat_only_what_is_disliked_stays_away_without_a_ranking(
    tmp_path, serving, monkeypatch
):
    make_shop(tmp_path / "releases", repeats=True)
    point(tmp_path, "shop-1")
    client = serving(tmp_path)
    before = shown(ask(client, n=12))
    monkeypatch.setattr(ladder, "listed", failing)
    for item_id, kind in ((before[1], "purchase"), (before[3], "dislike")):
        event = {"user_id": USER, "item_id": item_id, "event_type": kind}
        client.post("/v1/events", json=event)
    assert shown(ask(client, n=11)) == [*before[:3], *before[4:]]
