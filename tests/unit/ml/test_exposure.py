import numpy as np
import pandas as pd
import pytest

from ml.exposure import coverage_by_depth, exposure_counts


def lists(*rows):
    return pd.DataFrame(rows, columns=["system", "user_id", "item_id", "rank"]).assign(setting="s")


@pytest.fixture
def two_lists():
    return lists(
        ("als", "u1", "a", 1),
        ("als", "u1", "b", 2),
        ("als", "u1", "c", 3),
        ("als", "u2", "a", 1),
        ("als", "u2", "d", 2),
    )


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
