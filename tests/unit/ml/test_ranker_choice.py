import numpy as np
import pandas as pd
import pytest

from ml.ranker_choice import (
    FEWEST_USERS,
    RANKER,
    SIMPLE_ORDERS,
    best_of_each_order,
    choose_order,
    judge_orders,
)

ITEMS = ["a", "b", "c", "d"]


def candidates(**scores):
    """One user's candidates; what is not given is silent."""
    nothing = [None] * len(ITEMS)
    columns = dict.fromkeys(SIMPLE_ORDERS.values(), nothing)
    return pd.DataFrame({"user_id": "u", "item_id": ITEMS, "is_seen": False, **columns, **scores})


def listed(lists, system):
    rows = lists[lists["system"] == system].sort_values("rank")
    assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
    return rows["item_id"].tolist()


def test_every_order_lists_what_its_source_knows_best_first():
    lists = best_of_each_order(
        candidates(
            raw_score=[0.1, 0.4, 0.3, 0.2],
            als_score=[0.5, None, 0.7, 0.6],
            popular_score=[4.0, 3.0, 2.0, 1.0],
        ),
        repeats=True,
    )
    assert listed(lists, RANKER) == ["b", "c", "d", "a"]
    assert listed(lists, "als") == ["c", "d", "a"]
    assert listed(lists, "popular") == ITEMS
    assert listed(lists, "covisitation") == []


def test_equal_scores_fall_back_on_popularity_then_on_the_id():
    lists = best_of_each_order(
        candidates(blend_score=[1.0, 1.0, 1.0, 1.0], popular_score=[None, 1.0, None, 2.0]),
        repeats=True,
    )
    assert listed(lists, "blend") == ["d", "b", "a", "c"]


@pytest.mark.parametrize(("repeats", "expected"), [(True, ITEMS), (False, ["b", "d"])])
def test_seen_items_are_listed_only_where_they_may_be(repeats, expected):
    frame = candidates(als_score=[4.0, 3.0, 2.0, 1.0]).assign(is_seen=[True, False, True, False])
    assert listed(best_of_each_order(frame, repeats=repeats), "als") == expected


def test_the_means_and_the_lead_of_the_ranker_are_those_worked_by_hand():
    blocks = [
        candidates(raw_score=[4, 3, 2, 1], als_score=[1, 2, 3, 4]).assign(user_id=user)
        for user in ("u", "v")
    ]
    lists = pd.concat([best_of_each_order(block, repeats=True) for block in blocks])
    relevant = pd.DataFrame({"user_id": ["u", "v"], "item_id": ["a", "b"]})
    judged = judge_orders(lists, relevant).set_index("contender")
    second, third, fourth = 1 / np.log2([3, 4, 5])
    assert judged.index.tolist() == [RANKER, "als"]
    assert judged.loc[RANKER, "ndcg_10"] == pytest.approx((1 + second) / 2)
    assert judged.loc["als", "ndcg_10"] == pytest.approx((fourth + third) / 2)
    assert judged.loc["als", "lead"] == pytest.approx((1 - fourth + second - third) / 2)
    assert np.isnan(judged.loc[RANKER, "lead"])
    assert judged["user_count"].tolist() == [2, 2]


def judged(users=100, **values):
    return pd.DataFrame(
        {"contender": list(values), "ndcg_10": list(values.values()), "user_count": users}
    ).sort_values("ndcg_10", ascending=False)


def test_the_best_mean_is_chosen():
    assert choose_order(judged(ranker=0.30, blend=0.25, als=0.2))[0] == RANKER
    assert choose_order(judged(ranker=0.30, blend=0.25, als=0.31)) == (
        "als",
        "nDCG@10 0.310 of 100 users, ranker 0.300",
    )


def test_the_ranker_wins_a_tie():
    assert choose_order(judged(als=0.3, ranker=0.3, blend=0.3))[0] == RANKER


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (judged(FEWEST_USERS - 1, ranker=0.9, blend=0.1), "29 users to judge by, fewer than 30"),
        (judged(blend=0.1, als=0.2), "too little was taken in earlier periods to teach a ranker"),
        (judged().astype({"user_count": int}), "0 users to judge by, fewer than 30"),
    ],
)
def test_what_cannot_be_judged_falls_to_the_blend(table, reason):
    assert choose_order(table) == ("blend", reason)
