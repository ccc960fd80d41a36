import numpy as np
import pandas as pd
import pytest

from ml.off_policy.frames import any_of, logged_actions, personal_lists, same_list_for_all

ITEMS = np.array(["a", "b", "c"], dtype=object)


@pytest.fixture
def rows():
    """Two lists of two items."""
    return pd.DataFrame(
        {
            "request_id": ["r1", "r1", "r2", "r2"],
            "user_id": ["u", "u", "v", "v"],
            "item_id": ["a", "b", "c", "a"],
            "shown_rank": [1, 2, 1, 2],
            "propensity_kind": "conditional",
            "propensity": [0.5, 0.6, 0.2, None],
            "is_clicked": [False, True, True, False],
            "shown_at": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-03", "2024-01-03"]),
        }
    )


def test_ids_become_numbers_and_propensities_those_without_repeats(rows):
    log = logged_actions(rows, ITEMS, "is_clicked")
    assert log.users.tolist() == [0, 0, 1, 1]
    assert log.actions.tolist() == [0, 1, 2, 0]
    assert log.outcomes.tolist() == [0, 1, 1, 0]
    # 0.6 (1 - 0.6 (1 - 0.5)): item b could have been first.
    np.testing.assert_allclose(log.propensities, [0.5, 0.42, 0.2, np.nan])


def test_propensities_whatever_stands_above_are_used_as_they_are(rows):
    kinds = ["marginal", "marginal", "conditional", "conditional"]
    log = logged_actions(rows.assign(propensity_kind=kinds), ITEMS, "is_clicked")
    np.testing.assert_allclose(log.propensities, [0.5, 0.6, 0.2, np.nan])
    # What stands above says nothing of what was left, if its chance is of another kind.
    mixed = rows.assign(propensity_kind=["marginal", "conditional"] * 2)
    log = logged_actions(mixed, ITEMS, "is_clicked")
    np.testing.assert_allclose(log.propensities, [0.5, np.nan, 0.2, np.nan])


def test_the_same_list_for_all_ends_where_it_ends(rows):
    target = same_list_for_all(rows, ITEMS, np.array(["b"], dtype=object))
    assert target.contexts.tolist() == [0, -1, 0, -1]
    assert target.of(np.array([1, 0]), np.array([0, 2])).tolist() == [1, 0]


def test_everybody_gets_the_list_of_their_own(rows):
    lists = pd.DataFrame({"user_id": ["u", "u"], "item_id": ["b", "a"], "rank": [1, 2]})
    target = personal_lists(rows, ITEMS, lists)
    assert target.contexts.tolist() == [0, 1, -1, -1]
    assert target.of(np.array([1, 0]), np.array([0, 1])).tolist() == [1, 1]


def test_a_list_counts_only_for_what_was_shown_after_it_was_made(rows):
    lists = pd.DataFrame(
        {
            "user_id": ["u", "v"],
            "item_id": ["b", "b"],
            "rank": [1, 1],
            "since": pd.to_datetime(["2024-01-02", "2024-01-02"]),
        }
    )
    assert personal_lists(rows, ITEMS, lists).contexts.tolist() == [-1, -1, 1, -1]


def test_nobody_has_a_list_when_there_are_none(rows):
    nothing = pd.DataFrame({"user_id": [], "item_id": [], "rank": []})
    assert personal_lists(rows, ITEMS, nothing).contexts.tolist() == [-1, -1, -1, -1]


def test_any_of_the_offered_items_is_equally_likely(rows):
    target = any_of(rows, ITEMS, np.array(["a", "c"], dtype=object))
    assert target.of(np.array([0, 1, 2, 0])).tolist() == [0.5, 0, 0.5, 0.5]
    assert any_of(rows, ITEMS, ITEMS[:0]).contexts.tolist() == [-1, -1, -1, -1]
