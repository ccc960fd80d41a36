import math

import numpy as np
import pytest

from simulation.config import WorldConfig
from simulation.preferences import draw_by_popularity, open_shelf, relevance, tastes_at, utilities
from simulation.world import build_world


@pytest.fixture(scope="module")
def world():
    return build_world(WorldConfig(users=300, items=60, days=100, seed=3))


def test_an_item_is_offered_from_its_release_until_it_is_discontinued(world):
    catalogue = world.catalogue
    for day in range(100):
        offered = set(open_shelf(world, day).items.tolist())
        for item in range(catalogue.size):
            alive = catalogue.released_days[item] <= day < catalogue.discontinued_days[item]
            assert (item in offered) == alive


def test_items_are_released_and_discontinued_during_the_log(world):
    assert (world.catalogue.released_days >= 0).any()
    assert (world.catalogue.discontinued_days < 100).any()


def test_a_shelf_is_sorted_by_category(world):
    shelf = open_shelf(world, 50)
    for category in range(world.catalogue.centres.shape[0]):
        section = shelf.items[shelf.starts[category] : shelf.starts[category + 1]]
        assert (world.catalogue.categories[section] == category).all()
    assert np.unique(shelf.items).size == shelf.items.size == shelf.starts[-1]


def test_appeal_falls_by_log_two_in_a_half_life(world):
    early, late = open_shelf(world, 0), open_shelf(world, 99)
    item = int(np.flatnonzero(world.catalogue.released_days == -1)[0])
    fallen = early.appeals[item] - late.appeals[item]
    assert fallen == pytest.approx(math.log(2) * 99 / world.catalogue.half_lives[item])


@pytest.mark.parametrize("category", [-1, 2])
def test_draws_are_in_proportion_to_popularity(world, category):
    shelf = open_shelf(world, 50)
    uniforms = np.random.default_rng(0).random(100_000)
    drawn = draw_by_popularity(shelf, np.full(100_000, category), uniforms)
    chosen = shelf.weights.copy()
    if category >= 0:
        chosen[world.catalogue.categories != category] = 0
    expected = chosen / chosen.sum()
    found = np.bincount(drawn, minlength=60) / 100_000
    spread = np.sqrt(expected * (1 - expected) / 100_000)
    assert (np.abs(found - expected) <= 5 * spread).all()


def test_the_ends_of_a_draw_stay_in_the_category(world):
    shelf = open_shelf(world, 50)
    categories = np.repeat(np.arange(world.catalogue.centres.shape[0]), 2)
    ends = np.tile([0.0, np.nextafter(1.0, 0.0)], categories.size // 2)
    drawn = draw_by_popularity(shelf, categories, ends)
    np.testing.assert_array_equal(world.catalogue.categories[drawn], categories)


def test_tastes_are_unit_vectors_that_start_at_the_first_and_turn(world):
    users = np.arange(300)
    first, later = tastes_at(world, users, 0), tastes_at(world, users, 99)
    np.testing.assert_allclose(first, world.users.first_tastes, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(later, axis=1), 1.0)
    cosine = (first * later).sum(axis=1)
    assert cosine.mean() < 0.99
    assert cosine.min() < 0.5


def test_a_users_taste_does_not_depend_on_who_else_is_asked(world):
    together = tastes_at(world, np.arange(300), 42)
    np.testing.assert_array_equal(tastes_at(world, np.array([7]), 42)[0], together[7])


def test_utility_by_hand(world):
    shelf = open_shelf(world, 20)
    taste = np.zeros((1, world.catalogue.directions.shape[1]))
    taste[0, 3] = 1.0
    item = int(shelf.items[0])
    found = utilities(world, shelf, taste, np.array([[item]]))[0, 0]
    habits = world.config.habits
    match = world.catalogue.directions[item, 3]
    assert found == pytest.approx(
        habits.taste_weight * match + shelf.appeals[item] + habits.utility_offset
    )


def test_relevance_by_hand():
    np.testing.assert_allclose(relevance(np.array([0.0, math.log(3)])), [0.5, 0.75])
