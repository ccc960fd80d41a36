from itertools import permutations

import numpy as np
import pytest

from ml.off_policy.propensities import propensities_without_repeats


def test_the_first_place_keeps_its_propensity():
    found = propensities_without_repeats(np.array([0, 1]), np.array([1, 1]), np.array([0.3, 0.7]))
    assert found.tolist() == [0.3, 0.7]


def test_the_second_place_by_hand():
    # Chances 0.5, 0.3, 0.2; the list is item 0, then item 1: given item 0, 0.3 / 0.5 = 0.6.
    # Item 1 would have been first with 0.6 (1 - 0.5) = 0.3, so 0.6 (1 - 0.3) = 0.42.
    found = propensities_without_repeats(np.array([0, 0]), np.array([1, 2]), np.array([0.5, 0.6]))
    np.testing.assert_allclose(found, [0.5, 0.42])


def test_over_all_lists_every_item_weighs_one_at_every_place():
    # Every list that four items can make, each with its probability.
    chances = np.array([0.5, 0.25, 0.15, 0.1])
    lists = np.array(list(permutations(range(4), 3)))
    drawn = chances[lists]
    given_above = drawn / (1 - (drawn.cumsum(axis=1) - drawn))
    probabilities = given_above.prod(axis=1)
    corrected = propensities_without_repeats(
        np.repeat(np.arange(len(lists)), 3), np.tile([1, 2, 3], len(lists)), given_above.ravel()
    ).reshape(lists.shape)
    assert probabilities.sum() == pytest.approx(1)
    for place in range(3):
        weights = np.bincount(lists[:, place], probabilities / corrected[:, place])
        np.testing.assert_allclose(weights, 1)
    # Without the correction the most likely item is seldom left for the third place.
    raw = np.bincount(lists[:, 2], probabilities / given_above[:, 2])
    assert raw[0] < 0.3


def test_a_gap_above_leaves_it_open():
    found = propensities_without_repeats(
        np.array([0, 0, 1, 1]), np.array([1, 3, 2, 1]), np.array([0.5, 0.5, 0.5, np.nan])
    )
    assert found[0] == 0.5
    assert np.isnan(found[1:]).all()


def test_lists_without_chance_stay_certain():
    found = propensities_without_repeats(np.zeros(3, dtype=int), np.arange(1, 4), np.ones(3))
    assert found.tolist() == [1, 1, 1]


def test_rows_may_come_in_any_order():
    requests, places = np.array([5, 5, 2, 5, 2]), np.array([3, 1, 2, 2, 1])
    chances = np.array([0.3, 0.2, 0.4, 0.25, 0.5])
    order = np.lexsort((places, requests))
    found = propensities_without_repeats(requests, places, chances)
    again = propensities_without_repeats(requests[order], places[order], chances[order])
    np.testing.assert_array_equal(found[order], again)


def test_an_empty_log_has_none():
    nothing = np.array([], dtype=int)
    assert propensities_without_repeats(nothing, nothing, nothing.astype(float)).size == 0
