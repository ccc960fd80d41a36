import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.list_metrics import coverage_by_depth, exposure_counts, gini, list_metrics


def lists(*rows):
    return pd.DataFrame(rows, columns=["system", "user_id", "item_id", "rank"]).assign(setting="s")


@pytest.fixture
def items():
    """Of eight users 8, 4, 1 and 0 had the items."""
    return pd.DataFrame(
        [("a", 8, "tea"), ("b", 4, "tea"), ("c", 1, "cup"), ("d", 0, None)],
        columns=["item_id", "user_count", "category"],
    )


@pytest.fixture
def two_lists():
    return lists(
        ("als", "u1", "a", 1),
        ("als", "u1", "b", 2),
        ("als", "u1", "c", 3),
        ("als", "u2", "a", 1),
        ("als", "u2", "d", 2),
    )


def values(frame):
    return frame.set_index("metric")["value"]


def test_two_lists_by_hand(two_lists, items):
    found = values(list_metrics(two_lists, items, user_count=8))
    assert list(found.index) == ["coverage_10", "diversity_10", "gini_10", "novelty_10"]
    assert found["coverage_10"] == 1.0
    # Bits: a 0, b 1, c 3, d (as if one user had it) 3.
    assert found["novelty_10"] == pytest.approx(((0 + 1 + 3) / 3 + (0 + 3) / 2) / 2)
    # Listed 2, 1, 1, 1 times: mean absolute difference 6 / 16, mean 5 / 4.
    assert found["gini_10"] == pytest.approx(6 / 16 / (2 * 5 / 4))
    # Of u1's three pairs two differ; u2 has one item with a category.
    assert found["diversity_10"] == pytest.approx(2 / 3)


def test_only_the_first_ranks_count(two_lists, items):
    found = values(list_metrics(two_lists, items, user_count=8, k=1))
    assert found["coverage_1"] == 0.25
    assert found["gini_1"] == pytest.approx(0.75)
    assert found["novelty_1"] == 0.0
    assert math.isnan(found["diversity_1"])


def test_systems_are_described_apart(two_lists, items):
    both = pd.concat([two_lists, lists(("popular", "u1", "a", 1))])
    found = list_metrics(both, items, user_count=8).set_index(["system", "metric"])["value"]
    assert found["als", "coverage_10"] == 1.0
    assert found["popular", "coverage_10"] == 0.25


def test_an_unlisted_item_lowers_coverage_and_raises_inequality(two_lists, items):
    more = pd.concat([items, items.tail(1).assign(item_id="e")])
    found = values(list_metrics(two_lists, more, user_count=8))
    assert found["coverage_10"] == 0.8
    assert found["gini_10"] > 6 / 16 / (2 * 5 / 4)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any))
def test_gini_is_half_the_relative_mean_absolute_difference(counts):
    counts = np.array(counts)
    expected = np.abs(counts[:, None] - counts[None, :]).mean() / (2 * counts.mean())
    assert gini(counts) == pytest.approx(expected, abs=1e-12)


def test_gini_of_nothing_listed_is_undefined():
    assert math.isnan(gini(np.zeros(3)))


def test_exposure_counts_the_lists_of_an_item(two_lists):
    found = exposure_counts(two_lists, k=2)
    assert list(zip(found["item_id"], found["list_count"], strict=True)) == [
        ("a", 2),
        ("b", 1),
        ("d", 1),
    ]


def test_coverage_grows_down_the_lists(two_lists):
    found = coverage_by_depth(two_lists, catalogue_size=8, depth=4)
    assert list(found["rank"]) == [1, 2, 3, 4]
    np.testing.assert_allclose(found["coverage"], [1 / 8, 3 / 8, 4 / 8, 4 / 8])


def test_items_below_the_depth_do_not_count(two_lists):
    assert list(coverage_by_depth(two_lists, 8, depth=1)["coverage"]) == [1 / 8]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"user_count": 0}, "user_count must be >= 1, got 0"),
        ({}, {"user_count": 8, "k": 0}, "k must be >= 1, got 0"),
        ({}, {"user_count": 7}, "8 users had an item, but user_count is 7"),
        ({"item_id": ["a", "a", "c", "d"]}, {"user_count": 8}, "1 items occur more than once"),
        ({"item_id": ["a", "x", "c", "y"]}, {"user_count": 8}, "2 listed items are not in the"),
    ],
)
def test_refuses(two_lists, items, change, arguments, message):
    with pytest.raises(ValueError, match=message):
        list_metrics(two_lists, items.assign(**change), **arguments)
