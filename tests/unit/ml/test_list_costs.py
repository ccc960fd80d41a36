import numpy as np
import pandas as pd
import pytest

from ml.list_cost_plots import list_cost_figure
from ml.list_costs import list_costs


def rows(choice, strength, user, *items):
    return pd.DataFrame(
        {
            "choice": choice,
            "strength": float(strength),
            "user_id": user,
            "item_id": list(items),
            "rank": np.arange(1, len(items) + 1),
        }
    )


@pytest.fixture
def lists():
    return pd.concat(
        [
            rows("plain", 0, "u1", "a", "b"),
            rows("plain", 0, "u2", "a", "b"),
            rows("mmr", 0.5, "u1", "b", "a"),
            rows("mmr", 0.5, "u2", "a", "c"),
        ],
        ignore_index=True,
    )


@pytest.fixture
def relevant():
    return pd.DataFrame({"user_id": ["u1", "u2", "u3"], "item_id": ["a", "a", "z"]})


def test_the_cost_is_the_mean_of_the_differences_of_each_user(lists, relevant):
    costs = list_costs(lists, relevant)
    assert costs[["choice", "strength"]].to_numpy().tolist() == [["mmr", 0.5], ["plain", 0.0]]
    # u1 finds the item at rank 2 instead of 1, u2 at rank 1 as before, u3 has no list: 0.
    assert costs["ndcg_10"].tolist() == pytest.approx([(1 / np.log2(3) + 1) / 3, 2 / 3])
    assert costs["difference"].tolist() == pytest.approx([(1 / np.log2(3) - 1) / 3, 0])
    assert costs["user_count"].tolist() == [3, 3]


def test_the_interval_encloses_the_difference_and_is_none_for_the_plain_lists(lists, relevant):
    costs = list_costs(lists, relevant).set_index("choice")
    # What can be drawn is between nobody and everybody being u1.
    assert 1 / np.log2(3) - 1 <= costs.loc["mmr", "lower"] < costs.loc["mmr", "difference"]
    assert costs.loc["mmr", "difference"] <= costs.loc["mmr", "upper"] <= 0
    assert costs.loc["plain", ["lower", "difference", "upper"]].tolist() == [0, 0, 0]


def test_a_choice_that_helps_has_a_positive_difference(lists, relevant):
    swapped = lists.assign(choice=lists["choice"].map({"mmr": "plain", "plain": "novelty"}))
    swapped.loc[swapped["choice"] == "plain", "strength"] = 0.0
    costs = list_costs(swapped, relevant).set_index("choice")
    assert costs.loc["novelty", "difference"] == pytest.approx((1 - 1 / np.log2(3)) / 3)
    assert costs.loc["novelty", "lower"] >= 0


@pytest.mark.parametrize("missing", ["lists", "relevant"])
def test_nothing_to_judge_gives_no_rows_of_the_same_columns(lists, relevant, missing):
    whole = list_costs(lists, relevant)
    empty = list_costs(
        lists.head(0) if missing == "lists" else lists,
        relevant.head(0) if missing == "relevant" else relevant,
    )
    assert empty.empty
    assert empty.columns.tolist() == whole.columns.tolist()


def test_the_figure_follows_a_choice_from_weak_to_strong_and_skips_empty_measures():
    costs = pd.DataFrame(
        {
            "choice": ["plain", "mmr", "mmr"],
            "strength": [0.0, 0.5, 0.9],
            "difference": [0.0, -0.2, -0.1],
            "lower": [0.0, -0.3, -0.2],
            "upper": [0.0, -0.1, 0.0],
            "coverage": [0.1, 0.5, 0.3],
            "novelty_bits": np.nan,
        }
    )
    figure = list_cost_figure(costs, {"coverage": "share listed", "novelty_bits": "bits"})
    (axes,) = figure.axes
    assert axes.get_xlabel() == "share listed"
    assert axes.lines[0].get_xydata().tolist() == [[0.1, 0.0], [0.3, -0.1], [0.5, -0.2]]
    with pytest.raises(ValueError, match="no measure of the lists has a value"):
        list_cost_figure(costs, {"novelty_bits": "bits"})
