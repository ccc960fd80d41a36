"""Limits of categories hold whatever fills a list, and wherever chance puts an item."""

from datetime import UTC, datetime

import pytest

from serving.bundle import Bundle
from serving.category_limits import limited
from serving.entries import Entry
from serving.exploration import chance_of, explored
from serving.ladder import Wish, listed
from serving.settings import Exploration
from tests.unit.serving.lists_asked import ask, point, shown
from tests.unit.serving.propensities import told_propensities
from tests.unit.serving.shop_release import BLANK_USERS, ITEM_IDS, USER_IDS, make_shop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOST = 2
# Of each category there are twenty items, and nobody has seen more than half of one.
LENGTH = 8


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.open(make_shop(tmp_path_factory.mktemp("shop"), limits={"garden": MOST}))


def is_garden(item):
    return item % 2 == 0


def gardens(entries):
    return sum(is_garden(entry.item) for entry in entries)


@pytest.mark.parametrize("user_id", [*USER_IDS, "stranger"])
def test_what_takes_the_place_of_excluded_items_keeps_the_limits(bundle, user_id):
    first = listed(bundle, Wish(user_id, LENGTH), [], NOW).entries
    others = [bundle.item_ids[entry.item] for entry in first if not is_garden(entry.item)]
    refused = frozenset(others[:3])
    listing = listed(bundle, Wish(user_id, LENGTH, exclude=refused), [], NOW)
    assert len(listing.entries) == LENGTH
    assert gardens(listing.entries) <= MOST
    assert not refused & {bundle.item_ids[entry.item] for entry in listing.entries}


def test_items_above_the_limit_close_a_list_that_nothing_else_fills(bundle):
    wish = Wish(USER_IDS[BLANK_USERS[1]], 40)
    listing = listed(bundle, wish, [], NOW)
    assert len(listing.entries) == 40
    assert listing.within == MOST + 20
    assert gardens(listing.entries[: listing.within]) == MOST
    assert [entry.item for entry in listing.entries[listing.within :]] == [*range(4, 40, 2)]


def test_a_category_that_is_asked_for_is_not_cut_off_at_its_limit(bundle):
    wish = Wish(USER_IDS[BLANK_USERS[1]], 5, category="garden")
    assert [entry.item for entry in listed(bundle, wish, [], NOW).entries] == [0, 2, 4, 6, 8]


def test_a_pin_keeps_its_place_when_an_item_before_it_is_held_back(tmp_path):
    pinned = Bundle.open(make_shop(tmp_path, pinned={"i04": 4}, limits={"garden": MOST}))
    entries = [Entry(item, None, "als") for item in (0, 2, 6)]
    entries += [Entry(4, None, "pinned"), *(Entry(item, None, "popular") for item in (1, 8, 3))]
    found = [(entry.item, is_within) for entry, is_within in limited(pinned, entries)]
    within = [(0, True), (2, True), (1, True), (4, True), (3, True)]
    assert found == [*within, (6, False), (8, False)]


RULE = Exploration(rate=0.6, rank=3, depth=6)


def test_chance_keeps_the_limits_and_its_propensities_are_exact(bundle):
    # Six kitchens and two gardens keep the limit, and the other gardens follow them.
    few = frozenset(ITEM_IDS[item] for item in range(13, 40, 2))
    wish = Wish(USER_IDS[BLANK_USERS[1]], 20, exclude=few)
    listing = listed(bundle, wish, [], NOW)
    assert listing.within == MOST + 6
    entries, free = listing.entries, listing.within
    lists = []
    for number in range(20_000):
        chance = chance_of(f"u{number}", "r1", entries, RULE, NOW)
        swapped, _ = explored(entries[:free], RULE, chance)
        for length in (3, 5, free):
            assert gardens(swapped[:length]) <= MOST
        lists.append(swapped)
    told = told_propensities(lists)
    assert told[2, entries[2].item] == pytest.approx(0.4 + 0.1)


def test_lists_that_explore_keep_the_limits(tmp_path, serving):
    make_shop(tmp_path / "releases", limits={"garden": MOST})
    point(tmp_path, "shop-1")
    client = serving(tmp_path, lambda: NOW, exploration=Exploration(rate=1.0, rank=3, depth=20))
    for user_id in USER_IDS:
        numbers = [ITEM_IDS.index(item_id) for item_id in shown(ask(client, user_id, n=6))]
        assert len(numbers) == 6
        assert sum(map(is_garden, numbers)) <= MOST
