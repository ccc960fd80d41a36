"""Turn raw scores of a ranker into probabilities."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

# Fewer held-out positives cannot fix the steps of an isotonic curve.
ISOTONIC_POSITIVES = 1000
SIGMOID_POSITIVES = 20


@dataclass(frozen=True)
class Calibrator:
    """A rising function from raw score (log odds) to probability.

    Attributes
    ----------
    method : str
        ``isotonic``, ``sigmoid``, or ``prior`` when there was too little
        held-out data to fit a curve.
    slope, intercept : float
        Of the sigmoid; unused by ``isotonic``.
    raw_scores, probabilities : ndarray of shape (k,), float64
        Corners of the isotonic curve, ascending, joined by straight lines;
        empty for the others.
    """

    method: str
    slope: float
    intercept: float
    raw_scores: np.ndarray
    probabilities: np.ndarray


def fit_calibrator(
    raw_scores: np.ndarray, labels: np.ndarray, weights: np.ndarray, prior_shift: float
) -> Calibrator:
    """Fit the calibration that the amount of held-out data allows.

    Isotonic from 1000 positives and as many negatives on, sigmoid from 20 on,
    below that the log odds are only shifted.

    Parameters
    ----------
    raw_scores : ndarray of shape (n,)
        Log odds of rows that the ranker was not fitted on.
    labels : ndarray of shape (n,), bool
        Whether the candidate was taken.
    weights : ndarray of shape (n,)
        How many candidates each row stands for, > 0; with negatives sampled
        this is what brings the probabilities down to those of all candidates.
    prior_shift : float
        Added to the log odds when nothing can be fitted: minus the log of
        the mean weight of a negative.

    Returns
    -------
    Calibrator
        Never falling: where a sigmoid would fall, the scores say nothing
        about new users, and all get the rate observed.

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines", with
    its smoothed targets; Zadrozny, Elkan (2002), KDD.
    """
    labels = np.asarray(labels, dtype=bool)
    rarer = min(int(labels.sum()), int((~labels).sum()))
    if rarer >= ISOTONIC_POSITIVES:
        return _fit_isotonic(raw_scores, labels, weights)
    if rarer >= SIGMOID_POSITIVES:
        slope, intercept = _fit_sigmoid(raw_scores, labels, weights)
        if slope <= 0:
            slope, intercept = 0.0, float(logit(np.average(labels, weights=weights)))
        return Calibrator("sigmoid", slope, intercept, np.empty(0), np.empty(0))
    return Calibrator("prior", 1.0, prior_shift, np.empty(0), np.empty(0))


def calibrate(calibrator: Calibrator, raw_scores: np.ndarray) -> np.ndarray:
    """Turn log odds into probabilities.

    Parameters
    ----------
    calibrator : Calibrator
        Fitted calibration.
    raw_scores : ndarray of shape (n,)
        Log odds, finite.

    Returns
    -------
    ndarray of shape (n,), float64
        In [0, 1], never falling as the raw score rises. An isotonic curve
        has flat parts, so rank by the raw score.
    """
    if calibrator.method == "isotonic":
        return np.interp(raw_scores, calibrator.raw_scores, calibrator.probabilities)
    return expit(calibrator.slope * np.asarray(raw_scores) + calibrator.intercept)


def _fit_isotonic(raw_scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Calibrator:
    """Pool adjacent violators, the ends kept off 0 and 1 by half a candidate."""
    # Those who only calibrate, such as the online application, do without scikit-learn.
    from sklearn.isotonic import IsotonicRegression

    least = 0.5 / float(np.sum(weights))
    curve = IsotonicRegression(y_min=least, y_max=1.0 - least, out_of_bounds="clip")
    curve.fit(raw_scores, labels.astype(np.float64), sample_weight=weights)
    return Calibrator("isotonic", 1.0, 0.0, curve.X_thresholds_, curve.y_thresholds_)


def _fit_sigmoid(
    raw_scores: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> tuple[float, float]:
    """Logistic regression on Platt's targets, which keep the slope finite."""
    from sklearn.linear_model import LogisticRegression

    positives, negatives = float(weights[labels].sum()), float(weights[~labels].sum())
    targets = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    regression = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    regression.fit(
        np.r_[raw_scores, raw_scores][:, None],
        np.r_[np.ones(labels.size, dtype=bool), np.zeros(labels.size, dtype=bool)],
        sample_weight=np.r_[weights * targets, weights * (1 - targets)],
    )
    return float(regression.coef_[0, 0]), float(regression.intercept_[0])
