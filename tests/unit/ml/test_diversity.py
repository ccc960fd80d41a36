import numpy as np
import pandas as pd
import pytest

from ml.diversity import DiversityParams, build_likeness, diverse_blocks, marginal_order

ITEMS = pd.DataFrame({"item_id": ["a", "b", "c", "d"], "category": ["hats", "hats", "shoes", None]})
NOBODY = pd.DataFrame({"item_id": [], "neighbour_item_id": [], "candidate_score": []})


def ordered(offers, trade_off, items=ITEMS, neighbours=NOBODY, depth=100, count=100):
    likeness = build_likeness(items, neighbours)
    frame = pd.concat(diverse_blocks(offers, likeness, [trade_off], depth, count))
    return {
        user: rows.sort_values("diverse_position")["item_id"].tolist()
        for user, rows in frame.groupby("user_id")
    }


@pytest.fixture
def offers():
    return pd.DataFrame(
        {
            "user_id": ["u1"] * 4 + ["u2"] * 2,
            "item_id": ["a", "b", "c", "d", "b", "a"],
            "position": [1, 2, 4, 7, 1, 2],
            "score": [0.8, 0.72, 0.4, 0.08, 0.5, 0.5],
        }
    )


def test_the_order_stays_where_only_relevance_counts(offers):
    assert ordered(offers, 1.0) == {"u1": ["a", "b", "c", "d"], "u2": ["b", "a"]}


def test_the_next_item_is_the_best_after_what_is_above_it(offers):
    # Shares of the best: 1, 0.9, 0.5, 0.1. After a, at 0.4: b is worth 0.36 - 0.6 / 2 = 0.06,
    # c 0.2, d 0.04; then b and d as before, for c is like neither.
    assert ordered(offers, 0.4)["u1"] == ["a", "c", "b", "d"]
    # At 0.2: b 0.18 - 0.4 = -0.22, d 0.02.
    assert ordered(offers, 0.2)["u1"] == ["a", "c", "d", "b"]


def test_items_that_are_had_together_are_alike(offers):
    together = pd.DataFrame(
        {
            "item_id": ["c", "c", "gone"],
            "neighbour_item_id": ["a", "d", "a"],
            "candidate_score": [4.0, 2.0, 9.0],
        }
    )
    likeness = build_likeness(ITEMS, together)
    # The one direction that is known counts for both, as a share of the best neighbour of c.
    assert likeness.neighbours.toarray().tolist() == [
        [0, 0, 1, 0],
        [0, 0, 0, 0],
        [1, 0, 0, 0.5],
        [0, 0, 0.5, 0],
    ]
    # After a, at 0.4: b 0.36 - 0.3, c 0.2 - 0.3, d 0.04.
    assert ordered(offers, 0.4, neighbours=together)["u1"] == ["a", "b", "d", "c"]


def test_an_item_without_a_category_or_unknown_is_like_no_other(offers):
    likeness = build_likeness(ITEMS.assign(category=None), NOBODY)
    frame = pd.concat(diverse_blocks(offers.replace({"d": "x"}), likeness, [0.01], 100, 100))
    assert frame.loc[frame["user_id"] == "u1", "item_id"].tolist() == ["a", "b", "c", "x"]


def test_a_score_that_calibration_rounds_up_does_not_change_the_order(offers):
    scores = [0.8, 0.3, 0.3 + 1e-12, 0.1, 0.0, 0.0]
    assert ordered(offers.assign(score=scores), 1.0)["u1"] == ["a", "b", "c", "d"]


def test_only_the_best_are_ordered_and_only_so_many_kept(offers):
    assert ordered(offers, 0.2, depth=2) == {"u1": ["a", "b"], "u2": ["b", "a"]}
    assert ordered(offers, 0.2, count=2) == {"u1": ["a", "c"], "u2": ["b", "a"]}


def test_the_order_of_the_rows_and_the_blocks_do_not_matter(offers, monkeypatch):
    whole = ordered(offers, 0.4)
    monkeypatch.setattr("ml.diversity.BLOCK_CELLS", 1)
    assert ordered(offers.sample(frac=1, random_state=0), 0.4) == whole


def test_no_offers_make_no_blocks(offers):
    assert list(diverse_blocks(offers.head(0), build_likeness(ITEMS, NOBODY), [0.5], 9, 9)) == []


def test_every_item_is_chosen_once_and_short_users_end_with_minus_one():
    relevance = np.array([[0.9, 0.5, 0.1], [0.3, np.nan, np.nan]])
    likeness = np.ones((2, 3, 3))
    assert marginal_order(relevance, likeness, 0.0, 5).tolist() == [[0, 1, 2], [0, -1, -1]]


def test_the_first_item_is_the_most_relevant_also_when_relevance_counts_for_nothing():
    relevance = np.array([[0.1, 0.9]])
    assert marginal_order(relevance, np.zeros((1, 2, 2)), 0.0, 1).tolist() == [[1]]


@pytest.mark.parametrize(
    ("field", "value"), [("trade_off", 1.1), ("trade_off", -0.1), ("depth", 0)]
)
def test_parameters_without_a_meaning_are_refused(field, value):
    with pytest.raises(ValueError, match=rf"{field} must be .*, got {value}"):
        DiversityParams(**{field: value})


def test_an_item_that_is_described_twice_is_refused():
    with pytest.raises(ValueError, match="1 rows of items repeat an item_id"):
        build_likeness(pd.concat([ITEMS, ITEMS.head(1)]), NOBODY)
