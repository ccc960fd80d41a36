import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from ml.metrics import ndcg_at_k, user_metrics


def lists(*rows):
    return pd.DataFrame(rows, columns=["setting", "system", "user_id", "item_id", "rank"])


def relevant(*rows):
    return pd.DataFrame(rows, columns=["setting", "user_id", "item_id"])


def histories(*rows):
    return pd.DataFrame(rows, columns=["user_id", "history_count"])


@pytest.mark.parametrize(
    ("flags", "k", "expected"),
    [
        ([True, False], 2, 1.0),
        ([False, True], 2, 1 / math.log2(3)),
        ([True, False, True], 3, (1 + 1 / 2) / (1 + 1 / math.log2(3))),
        ([False, True], 1, 0.0),
        ([True], 10, 1.0),
    ],
)
def test_ndcg_by_hand(flags, k, expected):
    assert ndcg_at_k(np.array(flags), k) == pytest.approx(expected, abs=1e-12)


def test_ndcg_counts_relevant_items_that_are_not_listed():
    assert ndcg_at_k(np.array([True, False]), 2, relevant_count=5) == pytest.approx(
        1 / (1 + 1 / math.log2(3))
    )


@pytest.mark.parametrize("flags", [[False, False], []])
def test_ndcg_is_undefined_when_nothing_is_relevant(flags):
    assert math.isnan(ndcg_at_k(np.array(flags, dtype=bool), 2))


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=15).filter(any), st.integers(1, 15))
def test_ndcg_equals_that_of_scikit_learn(flags, k):
    expected = ndcg_score([flags], [np.arange(len(flags), 0, -1)], k=k)
    assert ndcg_at_k(np.array(flags), k) == pytest.approx(expected, abs=1e-12)


def test_ndcg_refuses_impossible_counts():
    with pytest.raises(ValueError, match="k must be >= 1, got 0"):
        ndcg_at_k(np.array([True]), 0)
    with pytest.raises(ValueError, match="relevant_count must be >= 2, the relevant listed, got 1"):
        ndcg_at_k(np.array([True, True]), 2, relevant_count=1)


def test_one_list_by_hand():
    """Three relevant items, found at ranks 2 and 4; the one at rank 11 comes too late."""
    ranked = [("new_items", "als", "u", f"i{rank}", rank) for rank in range(1, 12)]
    wanted = relevant(*[("new_items", "u", item) for item in ("i2", "i4", "i11")])
    found = user_metrics(lists(*ranked), wanted, histories(("u", 7))).iloc[0]
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert found["ndcg_10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert found["recall_10"] == pytest.approx(2 / 3)
    assert found["precision_10"] == pytest.approx(0.2)
    assert found["mrr_10"] == pytest.approx(0.5)
    assert found["hit_10"] == 1.0
    assert found["relevant_count"] == 3
    assert found["history_count"] == 7


def test_a_perfect_list_of_more_relevant_items_than_ranks_scores_one():
    ranked = lists(*[("new_items", "als", "u", f"i{rank}", rank) for rank in range(1, 11)])
    wanted = relevant(*[("new_items", "u", f"i{n}") for n in range(1, 31)])
    found = user_metrics(ranked, wanted, histories()).iloc[0]
    assert found["ndcg_10"] == pytest.approx(1.0)
    assert found["recall_10"] == pytest.approx(1 / 3)
    assert found["history_count"] == 0


def test_a_user_without_a_list_scores_zero_and_one_without_relevant_items_is_left_out():
    ranked = lists(("new_items", "als", "idle", "a", 1), ("new_items", "als", "u", "a", 1))
    wanted = relevant(("new_items", "u", "a"), ("new_items", "listless", "a"))
    found = user_metrics(ranked, wanted, histories()).set_index("user_id")
    assert list(found.index) == ["listless", "u"]
    numbers = ["ndcg_10", "recall_10", "precision_10", "mrr_10", "hit_10"]
    assert list(found.loc["listless", numbers]) == [0, 0, 0, 0, 0]


def test_settings_and_systems_are_kept_apart():
    ranked = lists(
        ("new_items", "als", "u", "a", 1),
        ("new_items", "popular", "u", "b", 1),
        ("with_repeats", "als", "u", "b", 1),
    )
    wanted = relevant(("new_items", "u", "a"), ("with_repeats", "u", "b"))
    found = user_metrics(ranked, wanted, histories()).set_index(["setting", "system"])["hit_10"]
    assert dict(found) == {
        ("new_items", "als"): 1.0,
        ("new_items", "popular"): 0.0,
        ("with_repeats", "als"): 1.0,
    }


def test_the_number_of_ranks_names_the_columns():
    ranked = lists(("new_items", "als", "u", "b", 1), ("new_items", "als", "u", "a", 2))
    found = user_metrics(ranked, relevant(("new_items", "u", "a")), histories(), k=1)
    assert list(found["hit_1"]) == [0.0]


@pytest.mark.parametrize(
    ("ranked", "wanted"),
    [(lists(), relevant(("s", "u", "a"))), (lists(("s", "x", "u", "a", 1)), relevant())],
)
def test_no_lists_or_nothing_relevant_give_no_rows(ranked, wanted):
    found = user_metrics(ranked, wanted, histories())
    assert found.empty
    assert found["relevant_count"].dtype == np.int64
    assert found["ndcg_10"].dtype == np.float64


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["u1", "u2", "u3"]),
        st.permutations([f"i{n}" for n in range(12)]),
        min_size=1,
    ),
    st.sets(st.tuples(st.sampled_from(["u1", "u2", "u4"]), st.integers(0, 14)), min_size=1),
    st.randoms(use_true_random=False),
)
def test_many_lists_equal_one_list_at_a_time(rankings, wanted_pairs, random):
    rows = [
        ("s", "x", user, item, rank)
        for user, items in rankings.items()
        for rank, item in enumerate(items, start=1)
    ]
    wanted = relevant(*[("s", user, f"i{n}") for user, n in sorted(wanted_pairs)])
    found = user_metrics(lists(*random.sample(rows, len(rows))), wanted, histories())
    for row in found.itertuples():
        own = set(wanted.loc[wanted["user_id"] == row.user_id, "item_id"])
        flags = np.array([item in own for item in rankings.get(row.user_id, [])], dtype=bool)
        assert row.ndcg_10 == pytest.approx(ndcg_at_k(flags, 10, relevant_count=len(own)))
        assert row.recall_10 == pytest.approx(flags[:10].sum() / len(own))
        assert row.mrr_10 == (1 / (1 + flags.argmax()) if flags[:10].any() else 0)
    assert set(found["user_id"]) == set(wanted["user_id"])


@pytest.mark.parametrize(
    ("ranked", "wanted", "message"),
    [
        (lists(("s", "x", "u", "a", 0)), relevant(), "1 ranks are not >= 1"),
        (
            lists(("s", "x", "u", "a", 1), ("s", "x", "u", "a", 2)),
            relevant(),
            "1 rows of lists repeat a item_id",
        ),
        (
            lists(("s", "x", "u", "a", 1), ("s", "x", "u", "b", 1)),
            relevant(),
            "1 rows of lists repeat a rank",
        ),
        (
            lists(("s", "x", "u", "a", 1)),
            relevant(("s", "u", "a"), ("s", "u", "a")),
            "1 relevant pairs occur more than once",
        ),
    ],
)
def test_refuses(ranked, wanted, message):
    with pytest.raises(ValueError, match=message):
        user_metrics(ranked, wanted, histories())


def test_refuses_no_ranks():
    with pytest.raises(ValueError, match="k must be >= 1, got 0"):
        user_metrics(lists(), relevant(), histories(), k=0)
