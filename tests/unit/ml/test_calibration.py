import numpy as np
import pytest
from scipy.special import expit, logit

from ml.calibration import calibrate, fit_calibrator


def simulated(size, slope, intercept, seed):
    random = np.random.default_rng(seed)
    raw_scores = random.normal(size=size)
    return raw_scores, random.random(size) < expit(slope * raw_scores + intercept)


def test_a_sigmoid_is_recovered_from_sampled_negatives():
    raw_scores, labels = simulated(60_000, slope=2.0, intercept=-6.5, seed=0)
    kept = labels | (np.random.default_rng(1).random(labels.size) < 0.1)
    weights = np.where(labels, 1.0, 10.0)
    found = fit_calibrator(raw_scores[kept], labels[kept], weights[kept], prior_shift=0.0)
    assert found.method == "sigmoid"
    # Four standard errors of a fit to some 500 positives.
    assert found.slope == pytest.approx(2.0, abs=0.25)
    assert found.intercept == pytest.approx(-6.5, abs=0.45)


def test_isotonic_pools_neighbours_that_fall_by_hand():
    """Rates 0.1, 0.5, 0.3 at 1, 2, 3 with 2000, 1000, 3000 rows: the last two become 0.35."""
    raw_scores = np.repeat([1.0, 2.0, 3.0], [2000, 1000, 3000])
    labels = np.concatenate(
        [np.arange(size) < rate * size for size, rate in ((2000, 0.1), (1000, 0.5), (3000, 0.3))]
    )
    found = fit_calibrator(raw_scores, labels, np.ones(6000), prior_shift=0.0)
    assert found.method == "isotonic"
    probabilities = calibrate(found, np.array([-9.0, 1.0, 1.5, 2.0, 3.0, 9.0]))
    np.testing.assert_allclose(probabilities, [0.1, 0.1, 0.225, 0.35, 0.35, 0.35])


def test_isotonic_counts_a_row_as_often_as_it_weighs():
    """1000 positives and 1000 negatives standing for 9 each: one in ten."""
    labels = np.arange(2000) < 1000
    weights = np.where(labels, 1.0, 9.0)
    found = fit_calibrator(np.zeros(2000), labels, weights, prior_shift=0.0)
    np.testing.assert_allclose(calibrate(found, np.array([0.0])), [0.1])


def test_isotonic_never_says_never_or_always():
    labels = np.arange(2000) >= 1000
    found = fit_calibrator(np.arange(2000.0), labels, np.ones(2000), prior_shift=0.0)
    np.testing.assert_allclose(
        calibrate(found, np.array([0.0, 1999.0])), [0.5 / 2000, 1 - 0.5 / 2000]
    )


@pytest.mark.parametrize("positives", [0, 19])
def test_too_few_positives_only_shift(positives):
    labels = np.arange(200) < positives
    found = fit_calibrator(np.arange(200.0), labels, np.ones(200), prior_shift=logit(0.2))
    assert found.method == "prior"
    np.testing.assert_allclose(calibrate(found, np.array([0.0])), [0.2])


def test_no_rows_only_shift():
    nothing = np.empty(0)
    found = fit_calibrator(nothing, nothing.astype(bool), nothing, prior_shift=0.0)
    np.testing.assert_allclose(calibrate(found, np.array([0.0])), [0.5])


def test_a_sigmoid_that_would_fall_is_flat_at_the_observed_rate():
    raw_scores, labels = simulated(500, slope=-2.0, intercept=0.0, seed=2)
    weights = np.where(labels, 1.0, 3.0)
    found = fit_calibrator(raw_scores, labels, weights, prior_shift=9.0)
    rate = labels.sum() / (labels.sum() + 3 * (~labels).sum())
    np.testing.assert_allclose(calibrate(found, np.array([-5.0, 5.0])), [rate, rate])


def test_separated_classes_keep_the_slope_finite():
    labels = np.arange(100) >= 50
    found = fit_calibrator(np.arange(100.0), labels, np.ones(100), prior_shift=0.0)
    assert found.method == "sigmoid"
    assert 0 < found.slope < 10


@pytest.mark.parametrize("size", [10, 600, 20_000])
def test_probabilities_never_fall(size):
    raw_scores, labels = simulated(size, slope=1.0, intercept=-1.0, seed=3)
    found = fit_calibrator(raw_scores, labels, np.ones(size), prior_shift=-0.5)
    probabilities = calibrate(found, np.linspace(-50, 50, 1001))
    assert (np.diff(probabilities) >= 0).all()
    assert 0 <= probabilities.min() <= probabilities.max() <= 1
