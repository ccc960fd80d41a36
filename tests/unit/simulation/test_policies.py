import numpy as np
import pytest

from simulation.config import WorldConfig
from simulation.policies import (
    ListRequest,
    given_the_items_above,
    oracle_policy,
    random_policy,
    shop_policy,
    shop_probabilities,
)
from simulation.preferences import Shelf, open_shelf, tastes_at, utilities
from simulation.world import build_world


@pytest.fixture(scope="module")
def world():
    return build_world(WorldConfig(users=40, items=24, days=30, seed=5, list_length=4))


@pytest.fixture(scope="module")
def shelf(world):
    return open_shelf(world, 10)


def request(world, shelf, users, category, seed=0):
    categories = np.full(users.size, category, dtype=np.int16)
    return ListRequest(world, shelf, users, categories, np.random.default_rng(seed))


def test_the_shops_mixture_by_hand(world):
    # A shelf of two items of category 0, weights 1 and 3, and one of category 1, weight 4.
    categories = world.catalogue.categories
    first, second = np.flatnonzero(categories == 0)[:2]
    other = np.flatnonzero(categories == 1)[0]
    weights = np.zeros(categories.size)
    weights[[first, second, other]] = 1.0, 3.0, 4.0
    shelf = Shelf(
        day=0,
        items=np.array([first, second, other], dtype=np.int32),
        starts=np.array([0, 2, 3, 3, 3]),
        cumulative=np.array([0.0, 1.0, 4.0, 8.0]),
        weights=weights,
        appeals=np.zeros(categories.size),
    )
    items = np.array([[first, second, other]])
    known = shop_probabilities(world, shelf, np.array([0]), items)
    np.testing.assert_allclose(
        known,
        [
            [
                0.45 * 1 / 4 + 0.40 * 1 / 8 + 0.15 / 3,
                0.45 * 3 / 4 + 0.40 * 3 / 8 + 0.15 / 3,
                0.40 * 4 / 8 + 0.15 / 3,
            ]
        ],
    )
    unknown = shop_probabilities(world, shelf, np.array([-1]), items)
    np.testing.assert_allclose(
        unknown, [[0.85 * 1 / 8 + 0.05, 0.85 * 3 / 8 + 0.05, 0.85 * 4 / 8 + 0.05]]
    )


@pytest.mark.parametrize("category", [-1, 0, 1, 2, 3])
def test_propensities_at_rank_one_sum_to_one_over_the_catalogue(world, shelf, category):
    everything = np.arange(world.catalogue.size)[None, :]
    chances = shop_probabilities(world, shelf, np.array([category]), everything)
    assert chances.sum() == pytest.approx(1.0, abs=1e-12)
    assert not chances[0, shelf.weights == 0].any()


@pytest.mark.parametrize("category", [-1, 2])
def test_first_ranks_occur_as_often_as_their_propensity_says(world, shelf, category):
    users = np.zeros(60_000, dtype=np.int64)
    lists = shop_policy(request(world, shelf, users, category))
    top, recorded = lists.items[:, 0], lists.propensities[:, 0]
    for item in np.unique(top):
        shown = top == item
        expected = recorded[shown][0]
        spread = np.sqrt(expected * (1 - expected) / users.size)
        assert shown.mean() == pytest.approx(expected, abs=5 * spread)
        assert (recorded[shown] == expected).all()


def test_second_ranks_occur_as_often_as_their_propensity_says_given_the_first(world, shelf):
    users = np.zeros(60_000, dtype=np.int64)
    lists = shop_policy(request(world, shelf, users, 1))
    leader = np.bincount(lists.items[:, 0]).argmax()
    led = lists.items[:, 0] == leader
    second, recorded = lists.items[led, 1], lists.propensities[led, 1]
    for item in np.unique(second):
        shown = second == item
        expected = recorded[shown][0]
        spread = np.sqrt(expected * (1 - expected) / second.size)
        assert shown.mean() == pytest.approx(expected, abs=5 * spread)


@pytest.mark.parametrize("policy", [shop_policy, random_policy])
def test_weighting_by_propensity_recovers_the_mean_over_the_catalogue(world, shelf, policy):
    # The inverse propensity estimate of a uniform policy's value at rank 1, for any reward.
    reward = np.linspace(0, 1, world.catalogue.size)
    lists = policy(request(world, shelf, np.zeros(200_000, dtype=np.int64), 0))
    estimate = np.mean(reward[lists.items[:, 0]] / lists.propensities[:, 0]) / shelf.items.size
    assert estimate == pytest.approx(reward[shelf.items].mean(), rel=0.02)


def test_without_replacement_by_hand():
    chances = given_the_items_above(np.array([[0.5, 0.3, 0.2], [0.2, 0.4, 0.1]]))
    np.testing.assert_allclose(chances, [[0.5, 0.6, 1.0], [0.2, 0.5, 0.25]])


@pytest.mark.parametrize("policy", [shop_policy, random_policy, oracle_policy])
@pytest.mark.parametrize("day", [0, 10, 29])
def test_lists_hold_offered_items_once(world, policy, day):
    shelf = open_shelf(world, day)
    lists = policy(request(world, shelf, np.arange(40), 0))
    assert lists.items.shape == lists.propensities.shape == (40, 4)
    assert np.isin(lists.items, shelf.items).all()
    assert all(np.unique(row).size == 4 for row in lists.items)
    assert ((lists.propensities > 0) & (lists.propensities <= 1)).all()


def test_a_shop_with_fewer_items_than_places_shows_them_all():
    world = build_world(WorldConfig(users=3, items=4, days=5, seed=1))
    shelf = open_shelf(world, 4)
    lists = shop_policy(request(world, shelf, np.arange(3), -1))
    assert lists.items.shape == (3, shelf.items.size)
    np.testing.assert_allclose(lists.propensities[:, -1], 1.0)


def test_a_sold_out_category_falls_back_to_what_is_popular(world, shelf):
    kept = world.catalogue.categories[shelf.items] != 1
    items = shelf.items[kept]
    weights = np.where(world.catalogue.categories == 1, 0.0, shelf.weights)
    sold_out = Shelf(
        day=10,
        items=items,
        starts=np.searchsorted(world.catalogue.categories[items], np.arange(5)),
        cumulative=np.concatenate([[0.0], np.cumsum(weights[items])]),
        weights=weights,
        appeals=shelf.appeals,
    )
    gone = shop_policy(request(world, sold_out, np.arange(40), 1))
    never = shop_policy(request(world, sold_out, np.arange(40), -1))
    np.testing.assert_array_equal(
        gone.propensities,
        given_the_items_above(shop_probabilities(world, sold_out, np.full(40, -1), gone.items)),
    )
    assert np.isin(never.items, items).all()


def test_random_lists_are_uniform(world, shelf):
    lists = random_policy(request(world, shelf, np.arange(40), -1))
    count = shelf.items.size
    np.testing.assert_allclose(lists.propensities[0], 1 / (count - np.arange(4)))


def test_the_oracle_leaves_out_nothing_better(world, shelf):
    users = np.arange(40)
    lists = oracle_policy(request(world, shelf, users, -1))
    tastes = tastes_at(world, users, shelf.day)
    for user in users:
        scores = utilities(world, shelf, tastes[[user]], shelf.items[None, :])[0]
        shown = np.isin(shelf.items, lists.items[user])
        assert scores[shown].min() >= scores[~shown].max()


def test_a_request_without_users_gets_no_lists(world, shelf):
    for policy in (shop_policy, random_policy, oracle_policy):
        assert policy(request(world, shelf, np.arange(0), -1)).items.shape == (0, 4)
