"""What goes with an item, over HTTP: form, fallbacks, and what is logged of it."""

import pytest

from serving.contracts import Similar
from serving.landing import landed_rows
from tests.unit.serving.lists_asked import point, wait_for
from tests.unit.serving.shop_release import make_shop, scribble


@pytest.fixture
def home(tmp_path):
    """Home of a shop with a live release."""
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    return tmp_path


def ask(client, item_id, **query):
    answer = client.get(f"/v1/similar/{item_id}", params=query)
    assert answer.status_code == 200, answer.text
    return Similar.model_validate(answer.json())


def test_neighbours_of_an_item_and_popular_ones_for_an_unknown_one(home, serving):
    client = serving(home)
    similar = ask(client, "i10")
    assert [(item.item_id, item.rank) for item in similar.items] == [
        ("i12", 1),
        ("i14", 2),
        ("i16", 3),
    ]
    assert similar.items[0].reason == "9 people had both"
    unknown = ask(client, "unknown")
    assert unknown.meta.fallback == "popular"
    assert len(unknown.items) == 10


def test_neighbours_that_were_damaged_while_they_are_served_give_way_to_what_is_popular(
    home, serving
):
    client = serving(home)
    whole = ask(client, "i10")
    assert (whole.meta.fallback, whole.meta.degraded) == ("neighbours", [])
    scribble(home / "releases" / "shop-1", "neighbour_item")
    similar = ask(client, "i10")
    assert (similar.meta.fallback, similar.meta.degraded) == ("popular", ["release"])
    assert {item.source for item in similar.items} == {"popular"}
    scribble(home / "releases" / "shop-1", "popular_item")
    nothing = ask(client, "i10")
    assert (nothing.items, nothing.meta.fallback) == ([], "none")
    assert 'topshelf_degraded_total{reason="release"} 2.0' in client.get("/metrics").text


def test_where_nothing_of_the_live_release_can_be_read_the_one_before_it_answers(home, serving):
    make_shop(home / "releases", "shop-0")
    point(home, "shop-1", previous="shop-0")
    client = serving(home)
    wait_for(client, "shop-0")
    whole = ask(client, "i10")
    assert whole.meta.release == "shop-1"
    scribble(home / "releases" / "shop-1", "neighbour_item", "popular_item")
    similar = ask(client, "i10")
    assert similar.items == whole.items
    assert (similar.meta.release, similar.meta.degraded) == ("shop-0", ["release"])


def test_without_a_release_the_answer_is_empty_and_says_so(tmp_path, serving):
    answer = ask(serving(tmp_path), "i10")
    assert (answer.items, answer.meta.fallback, answer.meta.release) == ([], "none", None)


def test_what_is_shown_beside_an_item_is_logged_without_a_user(home, serving):
    client = serving(home)
    similar = ask(client, "i10", n=2, offset=1, surface="item page")
    client.__exit__(None, None, None)
    rows = list(landed_rows(home / "landing" / "impressions"))
    assert [(row["item_id"], row["rank"]) for row in rows] == [("i14", 2), ("i16", 3)]
    for row in rows:
        assert "user_id" not in row
        assert row["request_id"] == similar.meta.request_id
        assert (row["similar_to_item_id"], row["surface"]) == ("i10", "item page")
        assert (row["release_id"], row["variant"]) == ("shop-1", "live")
        assert (row["fallback"], row["is_degraded"]) == ("neighbours", False)
        assert (row["source"], row["propensity"]) == ("covisitation", 1.0)
        assert row["duration_ms"] == similar.meta.timings["total"]
    client.__enter__()
