import pandas as pd

from ml.ordering import rank_within


def test_ranks_by_raw_score_and_ties_by_item_within_each_list():
    frame = pd.DataFrame(
        [
            ("u2", "b", 0.5),
            ("u1", "c", 1.0),
            ("u1", "b", 2.0),
            ("u2", "a", 0.5),
            ("u1", "a", 1.0),
        ],
        columns=["user_id", "item_id", "raw_score"],
        index=[7, 7, 3, 2, 1],
    )
    ranks = rank_within(frame, ["user_id"])
    assert list(ranks) == [2, 3, 1, 1, 2]
    assert list(ranks.index) == [7, 7, 3, 2, 1]


def test_a_list_is_named_by_all_its_keys():
    frame = pd.DataFrame(
        {"cutoff_at": [1, 2], "user_id": ["u", "u"], "item_id": ["a", "a"], "raw_score": [1.0, 2.0]}
    )
    assert list(rank_within(frame, ["cutoff_at", "user_id"])) == [1, 1]


def test_no_rows_have_no_ranks():
    frame = pd.DataFrame({"user_id": [], "item_id": [], "raw_score": []})
    assert rank_within(frame, ["user_id"]).dtype == "int64"


def test_equal_scores_are_ordered_by_the_ties_in_turn_and_then_by_id():
    frame = pd.DataFrame(
        {
            "user_id": "u",
            "item_id": ["a", "b", "c", "d", "e"],
            "raw_score": [1.0, 1.0, 1.0, 1.0, 2.0],
            "first": [None, 5.0, 7.0, 5.0, 0.0],
            "second": [9.0, 1.0, 0.0, 2.0, 0.0],
        }
    )
    assert list(rank_within(frame, ["user_id"], ("first", "second"))) == [5, 4, 2, 3, 1]
