from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest

from ml.explanations import explain_scores, long_explanations, mean_absolute_shap
from ml.ranker_params import RankerParams
from ml.ranker_trees import RankerTables, ranker_tables
from ml.ranking import fit_ranker, score_frame


def learning_frame(rows, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "rank": random.integers(1, 200, rows).astype(float),
            "count": random.integers(0, 30, rows),
            "share": random.uniform(0, 1, rows),
            "is_seen": random.uniform(size=rows) < 0.3,
            "constant": 1.0,
        }
    )
    frame.loc[random.uniform(size=rows) < 0.3, "rank"] = np.nan
    odds = 1.5 * frame["share"] - frame["rank"].fillna(150) / 80 + 0.5 * frame["is_seen"]
    labels = random.uniform(size=rows) < 1 / (1 + np.exp(-odds))
    return frame, labels.to_numpy(), random.integers(0, rows // 10, rows).astype(str)


FEATURES = ["rank", "count", "share", "is_seen", "constant"]


@pytest.fixture(scope="module", params=[(4000, 1), (40_000, 1), (4000, 3)])
def ranker(request):
    """Fit on so few rows that the calibration is a sigmoid, on enough for steps, and thrice."""
    rows, fits = request.param
    frame, labels, users = learning_frame(rows, seed=1)
    params = RankerParams(iterations=40, learning_rate=0.1, fits=fits)
    return fit_ranker(frame, labels, FEATURES, users, params)


@pytest.fixture(scope="module")
def asked():
    frame, _, _ = learning_frame(300, seed=2)
    return frame.set_index(pd.RangeIndex(7, 307))


def test_base_and_contributions_sum_to_the_raw_score(ranker, asked):
    explained = explain_scores(ranker_tables(ranker), asked)
    scored = score_frame(ranker, asked)
    sums = explained.base_score + explained.shap_values.sum(axis=1)
    np.testing.assert_allclose(sums, scored["raw_score"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(explained.raw_scores, scored["raw_score"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(explained.scores, scored["score"], rtol=0, atol=1e-9)
    assert list(explained.shap_values.index) == list(asked.index)


def test_the_two_calibrations_are_both_looked_at():
    methods = set()
    for rows in (4000, 40_000):
        frame, labels, users = learning_frame(rows, seed=1)
        params = RankerParams(iterations=40, learning_rate=0.1)
        methods.add(fit_ranker(frame, labels, FEATURES, users, params).calibrator.method)
    assert methods == {"sigmoid", "isotonic"}


def test_a_feature_that_no_tree_looks_at_adds_nothing(ranker, asked):
    explained = explain_scores(ranker_tables(ranker), asked)
    assert (explained.shap_values["constant"] == 0).all()
    assert (explained.shap_values["rank"] != 0).any()


def tables_of(nodes, features):
    names = [
        "tree",
        "node",
        "feature",
        "threshold",
        "is_missing_left",
        "left_node",
        "right_node",
        "value",
        "row_count",
    ]
    row = {
        "base_score": -1.0,
        "features": features,
        "calibration_method": "prior",
        "calibration_slope": 1.0,
        "calibration_intercept": 0.0,
        "calibration_raw_scores": [],
        "calibration_probabilities": [],
    }
    encodings = pd.DataFrame(columns=["feature", "category", "code"])
    return RankerTables(pd.DataFrame([row]), pd.DataFrame(nodes, columns=names), encodings)


def test_one_split_by_hand():
    """Mean of the leaves: 0.25 * 4 + 0.75 * 0 = 1, so a row adds 3 or -1 to -1 + 1 = 0."""
    tables = tables_of(
        [
            (0, 0, "share", 0.5, True, 1, 2, 0.0, 100),
            (0, 1, None, None, None, None, None, 4.0, 25),
            (0, 2, None, None, None, None, None, 0.0, 75),
        ],
        ["rank", "share"],
    )
    frame = pd.DataFrame({"rank": 1.0, "share": [0.5, 0.6, np.nan]})
    explained = explain_scores(tables, frame)
    assert explained.base_score == pytest.approx(0.0)
    np.testing.assert_allclose(explained.shap_values["share"], [3.0, -1.0, 3.0])
    np.testing.assert_allclose(explained.shap_values["rank"], 0.0)
    np.testing.assert_allclose(explained.scores[0], 1 / (1 + np.exp(-3)))


def shapley_value(features, player, worth):
    """Average over all orders of what the player adds to those before it."""
    others = [feature for feature in features if feature != player]
    total = 0.0
    for size in range(len(others) + 1):
        for before in combinations(others, size):
            share = factorial(size) * factorial(len(others) - size) / factorial(len(features))
            total += share * (worth({*before, player}) - worth(set(before)))
    return total


def test_values_are_those_of_shapleys_formula():
    """Unknown features follow both branches, by the rows that went there."""
    nodes = [
        (0, 0, "a", 0.0, False, 1, 2, 0.0, 100),
        (0, 1, "b", 0.0, False, 3, 4, 0.0, 60),
        (0, 2, "c", 0.0, False, 5, 6, 0.0, 40),
        (0, 3, None, None, None, None, None, 1.0, 10),
        (0, 4, None, None, None, None, None, 2.0, 50),
        (0, 5, None, None, None, None, None, -3.0, 30),
        (0, 6, None, None, None, None, None, 5.0, 10),
    ]
    row = {"a": -1.0, "b": 1.0, "c": 1.0}

    def worth(known, node=0):
        _, _, feature, threshold, _, left, right, value, count = nodes[node]
        if feature is None:
            return value
        if feature in known:
            return worth(known, left if row[feature] <= threshold else right)
        return sum(worth(known, child) * nodes[child][8] / count for child in (left, right))

    explained = explain_scores(tables_of(nodes, ["a", "b", "c"]), pd.DataFrame([row]))
    for feature in row:
        expected = shapley_value(list(row), feature, worth)
        assert explained.shap_values[feature].iloc[0] == pytest.approx(expected)


def test_the_means_are_those_of_all_rows_whatever_their_order(ranker, asked):
    means = mean_absolute_shap(ranker, asked)
    expected = explain_scores(ranker_tables(ranker), asked).shap_values.abs().mean()
    np.testing.assert_allclose(means["mean_absolute_shap"], expected)
    assert list(means["feature"]) == FEATURES
    one, other = (
        mean_absolute_shap(ranker, frame, rows=50)
        for frame in (asked, asked.sample(frac=1, random_state=3))
    )
    np.testing.assert_allclose(one["mean_absolute_shap"], other["mean_absolute_shap"])
    assert not np.allclose(one["mean_absolute_shap"], means["mean_absolute_shap"])


def test_the_long_form_has_every_value_beside_what_it_added(ranker, asked):
    frame = asked.assign(user_id=[f"u{row}" for row in range(300)], item_id="a")
    tables = ranker_tables(ranker)
    explained = explain_scores(tables, frame)
    long = long_explanations(tables, explained, frame).set_index(["user_id", "feature"])
    assert len(long) == 300 * len(FEATURES)
    for place in (0, 150, 299):
        for feature in FEATURES:
            row = long.loc[(f"u{place}", feature)]
            np.testing.assert_equal(row["value"], float(asked[feature].iloc[place]))
            assert row["shap_value"] == explained.shap_values[feature].iloc[place]


def test_no_rows_have_no_explanations(ranker, asked):
    explained = explain_scores(ranker_tables(ranker), asked.head(0))
    assert explained.shap_values.shape == (0, len(FEATURES))
    assert explained.scores.size == 0


def test_a_missing_feature_is_named(ranker, asked):
    with pytest.raises(KeyError, match="lacks the features"):
        explain_scores(ranker_tables(ranker), asked.drop(columns="share"))
