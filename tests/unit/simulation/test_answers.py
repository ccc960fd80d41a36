from dataclasses import replace

import numpy as np
import pytest

from simulation.answers import answer
from simulation.config import Habits, WorldConfig
from simulation.policies import Lists
from simulation.preferences import open_shelf, relevance, tastes_at, utilities
from simulation.visits import Sessions, fresh_memories
from simulation.world import build_world

SESSIONS = 40_000
# Nobody searches, everybody looks at every rank: what is left is relevance.
PLAIN = Habits(searches=(0.0,), complement_search=0.0, examination_decay=0.0, view=1.0)


@pytest.fixture(scope="module")
def world():
    config = WorldConfig(users=5, items=30, days=20, seed=2, habits=PLAIN)
    return build_world(config)


@pytest.fixture(scope="module")
def shelf(world):
    return open_shelf(world, 10)


def sessions_of(user):
    numbers = np.arange(SESSIONS)
    zeros = np.zeros(SESSIONS, dtype=np.int8)
    return Sessions(np.full(SESSIONS, user), numbers, numbers, zeros, zeros, numbers)


def show(world, shelf, items, memories=None, seed=0):
    lists = np.tile(np.array(items, dtype=np.int32), (SESSIONS, 1))
    return answer(
        world,
        shelf,
        sessions_of(0),
        Lists(lists, np.ones(lists.shape), "literal"),
        memories or fresh_memories(SESSIONS),
        np.random.default_rng(seed),
    )


def wanted(world, shelf, item):
    taste = tastes_at(world, np.array([0]), shelf.day)
    return relevance(utilities(world, shelf, taste, np.array([[item]])))[0, 0]


def spread(share):
    return 5 * np.sqrt(share * (1 - share) / SESSIONS)


def test_views_follow_relevance(world, shelf):
    answers = show(world, shelf, shelf.items[:3])
    for place, item in enumerate(shelf.items[:3]):
        share = wanted(world, shelf, item)
        assert answers.viewed[:, place].mean() == pytest.approx(share, abs=spread(share))


def test_lower_ranks_are_looked_at_less(world, shelf):
    decaying = replace(
        world, config=replace(world.config, habits=replace(PLAIN, examination_decay=0.5))
    )
    answers = show(decaying, shelf, shelf.items[:3])
    for place, factor in enumerate((1.0, 1 / 1.5, 1 / 2)):
        share = factor * wanted(world, shelf, shelf.items[place])
        assert answers.viewed[:, place].mean() == pytest.approx(share, abs=spread(share))


def test_what_is_bought_was_in_the_cart_and_what_is_in_the_cart_was_viewed(world, shelf):
    answers = show(world, shelf, shelf.items[:5])
    assert not (answers.bought & ~answers.carted).any()
    assert not (answers.carted & ~answers.viewed).any()
    assert not (answers.disliked & ~answers.viewed).any()
    assert not (answers.disliked & answers.carted).any()
    assert answers.bought.any()
    assert answers.disliked.any()


def test_time_is_spent_on_views_only_and_longer_on_what_is_wanted(world, shelf):
    answers = show(world, shelf, shelf.items)
    assert not answers.dwell_seconds[~answers.viewed].any()
    viewed = answers.dwell_seconds[answers.viewed]
    assert 1.0 <= viewed.min() <= viewed.max() <= 600.0
    relevances = answers.relevances[answers.viewed]
    high = relevances >= np.quantile(relevances, 0.8)
    low = relevances <= np.quantile(relevances, 0.2)
    assert viewed[high].mean() > 1.3 * viewed[low].mean()


def test_a_recent_purchase_makes_its_partner_wanted(world, shelf):
    offered = set(shelf.items.tolist())
    bought = next(
        item for item in offered if set(world.catalogue.complements[item].tolist()) <= offered
    )
    partner = int(world.catalogue.complements[bought, 0])
    memories = fresh_memories(SESSIONS)
    memories.purchases[:, 0] = bought
    for elapsed, bonus in ((14, world.config.habits.complement_bonus), (15, 0.0)):
        memories.purchase_days[:] = shelf.day - elapsed
        answers = show(world, shelf, [partner], memories)
        odds = wanted(world, shelf, partner) / (1 - wanted(world, shelf, partner))
        expected = odds * np.exp(bonus) / (1 + odds * np.exp(bonus))
        assert answers.relevances[0, 0] == pytest.approx(expected)


def test_a_recent_purchase_is_followed_by_a_search_for_its_partners(world, shelf):
    searching = replace(
        world, config=replace(world.config, habits=replace(PLAIN, complement_search=1.0))
    )
    offered = set(shelf.items.tolist())
    bought = next(
        item for item in offered if set(world.catalogue.complements[item].tolist()) <= offered
    )
    memories = fresh_memories(SESSIONS)
    memories.purchases[:, 0] = bought
    memories.purchase_days[:] = shelf.day - 1
    answers = show(searching, shelf, shelf.items[:1], memories)
    found = np.unique(answers.items[:, 1])
    assert set(found.tolist()) == set(world.catalogue.complements[bought].tolist())
    assert answers.viewed[:, 1].all()


def test_what_was_bought_before_interests_less(world, shelf):
    item = int(shelf.items[np.argmax([wanted(world, shelf, item) for item in shelf.items])])
    memories = fresh_memories(SESSIONS)
    memories.purchases[:, 3] = item
    habits, share = world.config.habits, wanted(world, shelf, item)
    answers = show(world, shelf, [item], memories)
    viewed = habits.repeat_interest * share
    assert answers.viewed[:, 0].mean() == pytest.approx(viewed, abs=spread(viewed))
    carted = viewed * habits.cart * share * habits.repeat_interest
    assert answers.carted[:, 0].mean() == pytest.approx(carted, abs=spread(carted))


def test_carts_and_purchases_follow_relevance(world, shelf):
    item = int(shelf.items[np.argmax([wanted(world, shelf, item) for item in shelf.items])])
    habits, share = world.config.habits, wanted(world, shelf, item)
    answers = show(world, shelf, [item])
    carted = share * habits.cart * share
    assert answers.carted[:, 0].mean() == pytest.approx(carted, abs=spread(carted))
    bought = carted * habits.purchase
    assert answers.bought[:, 0].mean() == pytest.approx(bought, abs=spread(bought))


def test_searches_find_offered_items_near_the_taste(world, shelf):
    searching = replace(world, config=replace(world.config, habits=replace(PLAIN, searches=(1.0,))))
    found = show(searching, shelf, shelf.items[:1]).items[:, 1]
    assert np.isin(found, shelf.items).all()
    match = world.catalogue.directions @ tastes_at(world, np.array([0]), shelf.day)[0]
    categories = world.catalogue.categories
    popular = np.bincount(categories, shelf.weights * match) / np.bincount(
        categories, shelf.weights
    )
    # The category follows the taste, and so does the choice within it.
    everything = np.average(match[shelf.items], weights=shelf.weights[shelf.items])
    assert popular[categories[found]].mean() > everything + 0.2
    assert match[found].mean() > popular[categories[found]].mean() + 0.01


def test_nothing_is_done_with_an_empty_place(world, shelf):
    answers = show(world, shelf, [shelf.items[0], -1])
    assert not answers.viewed[:, 1].any()
    assert not answers.relevances[:, 1].any()
