import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from ml.ranker_params import RankerParams
from ml.ranker_quality import permutation_importances, ranker_quality
from ml.ranking import fit_ranker


def values(quality):
    return quality.metrics.set_index("name")["value"]


def test_four_candidates_by_hand():
    quality = ranker_quality([True, False, True, False], [0.8, 0.6, 0.6, 0.0], bins=2)
    found = values(quality)
    # Pairs of a positive and a negative: 0.8 beats both, 0.6 ties one and beats one.
    assert found["auc"] == pytest.approx(3.5 / 4)
    assert found["brier"] == pytest.approx((0.04 + 0.36 + 0.16 + 0) / 4)
    assert found["log_loss"] == pytest.approx(-np.log(0.8 * 0.4 * 0.6) / 4)
    assert found["log_loss_of_base_rate"] == pytest.approx(np.log(2))
    assert found["mean_score"] == 0.5
    assert found["base_rate"] == 0.5
    assert found["candidate_count"] == 4
    assert found["positive_count"] == 2


def test_reliability_by_hand():
    """Of six candidates three fall in each bin; the tie of 0.2 stays together."""
    labels = [False, False, True, True, False, True]
    table = ranker_quality(labels, [0.1, 0.2, 0.2, 0.5, 0.6, 0.9], bins=2).reliability
    assert list(table["bin"]) == [1, 2]
    np.testing.assert_allclose(table["mean_score"], [0.5 / 3, 2.0 / 3])
    np.testing.assert_allclose(table["observed_rate"], [1 / 3, 2 / 3])
    np.testing.assert_allclose(table["candidate_count"], [3, 3])
    np.testing.assert_allclose(table["lowest_score"], [0.1, 0.5])
    np.testing.assert_allclose(table["highest_score"], [0.2, 0.9])


def test_calibration_error_is_the_mean_gap():
    """Bins of 2: predicted 0.1 and 0.7, observed 0.5 and 0.5, gaps 0.4 and 0.2."""
    quality = ranker_quality([True, False, True, False], [0.1, 0.1, 0.7, 0.7], bins=2)
    assert values(quality)["expected_calibration_error"] == pytest.approx(0.3)


def test_equal_scores_share_one_bin():
    table = ranker_quality([True, False, False, False], [0.3] * 4, bins=10).reliability
    assert list(table["bin"]) == [1]
    assert list(table["observed_rate"]) == [0.25]


def test_a_weight_counts_like_repeated_rows():
    labels, scores = np.array([True, False, False]), np.array([0.7, 0.2, 0.4])
    weighted = ranker_quality(labels, scores, weights=np.array([1.0, 3.0, 2.0]), bins=3)
    repeated = ranker_quality(np.repeat(labels, [1, 3, 2]), np.repeat(scores, [1, 3, 2]), bins=3)
    pd.testing.assert_frame_equal(weighted.metrics, repeated.metrics)
    pd.testing.assert_frame_equal(weighted.reliability, repeated.reliability)


def test_agrees_with_scikit_learn():
    random = np.random.default_rng(0)
    scores = random.random(500)
    labels = random.random(500) < scores
    found = values(ranker_quality(labels, scores))
    assert found["log_loss"] == pytest.approx(log_loss(labels, scores))
    assert found["brier"] == pytest.approx(brier_score_loss(labels, scores))


def test_auc_is_that_of_the_order_not_of_the_flat_probabilities():
    found = values(ranker_quality([True, False], [0.5, 0.5], raw_scores=[2.0, 1.0]))
    assert found["auc"] == 1.0


def test_a_wrong_certainty_costs_much_but_not_infinitely():
    assert values(ranker_quality([True, False], [0.0, 0.0]))["log_loss"] == pytest.approx(
        -np.log(1e-9) / 2
    )


@pytest.mark.parametrize(
    ("labels", "scores", "bins", "message"),
    [
        ([True], [0.5], 10, "1 of 1 labels are positive; need both"),
        ([False, False], [0.5, 0.5], 10, "0 of 2 labels are positive"),
        ([], [], 10, "0 of 0 labels are positive"),
        ([True, False], [1.1, 0.5], 10, r"1 scores are outside \[0, 1\]"),
        ([True, False], [np.nan, 0.5], 10, r"1 scores are outside \[0, 1\]"),
        ([True, False], [0.5, 0.5], 0, "bins must be >= 1, got 0"),
    ],
)
def test_refuses(labels, scores, bins, message):
    with pytest.raises(ValueError, match=message):
        ranker_quality(labels, scores, bins=bins)


def simulated(seed):
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(random.normal(size=(8000, 3)), columns=["strong", "weak", "idle"])
    odds = 2 * rows["strong"] + 0.7 * rows["weak"]
    label = random.random(8000) < 1 / (1 + np.exp(-odds))
    return rows.assign(user_id=np.arange(8000) % 400, label=label)


@pytest.fixture(scope="module")
def frame():
    return simulated(seed=1)


@pytest.fixture(scope="module")
def ranker():
    seen = simulated(seed=2)
    features = ["idle", "strong", "weak"]
    return fit_ranker(seen, seen["label"], features, seen["user_id"], RankerParams())


def test_shuffling_hurts_more_the_more_a_feature_matters(ranker, frame):
    table = permutation_importances(ranker, frame, frame["label"])
    assert list(table["feature"]) == ["strong", "weak", "idle"]
    strong, weak, idle = table["importance"]
    assert strong > 3 * weak > 0
    assert abs(idle) < 0.1 * weak


def test_importances_do_not_depend_on_the_order_of_rows(ranker, frame):
    shuffled = frame.sample(frac=1, random_state=0)
    first, second = (
        permutation_importances(ranker, one, one["label"], rows=1000, repeats=1)
        for one in (frame, shuffled)
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_a_sample_is_used_when_there_are_more_rows(ranker, frame):
    few = permutation_importances(ranker, frame, frame["label"], rows=500, repeats=1)
    all_rows = permutation_importances(ranker, frame, frame["label"], repeats=1)
    assert not np.array_equal(few["importance"], all_rows["importance"])


def test_weights_of_one_change_nothing(ranker, frame):
    plain = permutation_importances(ranker, frame, frame["label"], rows=500, repeats=1)
    weighted = permutation_importances(
        ranker, frame, frame["label"], weights=np.ones(len(frame)), rows=500, repeats=1
    )
    pd.testing.assert_frame_equal(plain, weighted)
