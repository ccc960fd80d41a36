"""How far the ranker's probabilities can be trusted, and what they rest on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from ml.calibration import calibrate
from ml.ranking import Ranker, ranker_inputs, score_inputs
from ml.sampling import hash_fractions, row_order

# A probability of 0 that turns out wrong would make the log loss infinite.
LEAST_PROBABILITY = 1e-9


@dataclass(frozen=True)
class RankerQuality:
    """Measures of predicted probabilities on candidates the ranker has not seen.

    Attributes
    ----------
    metrics : DataFrame
        ``name`` and ``value`` (float64), sorted by name: ``auc`` (chance that
        a positive scores above a negative, ties half), ``log_loss`` (nats),
        ``log_loss_of_base_rate`` (the same for always predicting the share
        of positives), ``brier`` (mean squared error),
        ``expected_calibration_error`` (mean over the bins of the gap between
        predicted and observed, by rows), ``mean_score`` and ``base_rate``
        (mean predicted and observed), ``candidate_count``,
        ``positive_count``.
    reliability : DataFrame
        One row per bin, lowest scores first: ``bin`` (int64, from 1),
        ``lowest_score``, ``highest_score``, ``mean_score``, ``observed_rate``
        (float64 in [0, 1]) and ``candidate_count`` (float64, weighted).
    """

    metrics: pd.DataFrame
    reliability: pd.DataFrame


def ranker_quality(
    labels: np.ndarray,
    scores: np.ndarray,
    raw_scores: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    bins: int = 10,
) -> RankerQuality:
    """Measure predicted probabilities against what happened.

    Parameters
    ----------
    labels : ndarray of shape (n,), bool
        Whether the candidate was taken.
    scores : ndarray of shape (n,)
        Probabilities in [0, 1].
    raw_scores : ndarray of shape (n,), optional
        What the lists are ordered by, for the AUC; `scores` when absent.
    weights : ndarray of shape (n,), optional
        How many candidates each row stands for, > 0; 1 each when absent.
    bins : int
        Bins of the reliability table, >= 1, with as equal a number of
        candidates as ties allow: equal scores share a bin.

    Returns
    -------
    RankerQuality
        Measures and reliability table.

    Raises
    ------
    ValueError
        If there is no positive or no negative, a score is outside [0, 1], or
        `bins` is below 1.

    References
    ----------
    Naeini, Cooper, Hauskrecht (2015), AAAI: expected calibration error.
    """
    labels = np.asarray(labels, dtype=bool)
    scores = np.asarray(scores, dtype=np.float64)
    weights = np.ones(labels.size) if weights is None else np.asarray(weights, dtype=np.float64)
    if labels.all() or not labels.any():
        raise ValueError(f"{int(labels.sum())} of {labels.size} labels are positive; need both")
    outside = int((~((scores >= 0) & (scores <= 1))).sum())
    if outside:
        raise ValueError(f"{outside} scores are outside [0, 1]")
    table = _reliability(labels, scores, weights, bins)
    gaps = (table["mean_score"] - table["observed_rate"]).abs()
    base_rate = float(np.average(labels, weights=weights))
    order = scores if raw_scores is None else np.asarray(raw_scores, dtype=np.float64)
    values = {
        "auc": float(roc_auc_score(labels, order, sample_weight=weights)),
        "base_rate": base_rate,
        "brier": float(np.average((scores - labels) ** 2, weights=weights)),
        "candidate_count": float(weights.sum()),
        "expected_calibration_error": float(np.average(gaps, weights=table["candidate_count"])),
        "log_loss": _log_loss(labels, scores, weights),
        "log_loss_of_base_rate": _log_loss(labels, np.full(labels.size, base_rate), weights),
        "mean_score": float(np.average(scores, weights=weights)),
        "positive_count": float(weights[labels].sum()),
    }
    metrics = pd.DataFrame({"name": list(values), "value": list(values.values())})
    return RankerQuality(metrics, table)


def permutation_importances(
    ranker: Ranker,
    frame: pd.DataFrame,
    labels: np.ndarray,
    weights: np.ndarray | None = None,
    rows: int = 5_000,
    repeats: int = 2,
    seed: int = 0,
) -> pd.DataFrame:
    """Shuffle one feature at a time and see how much worse the predictions get.

    Features that say the same share their importance: shuffling one leaves
    the other. Equal rows in any order give equal importances.

    Parameters
    ----------
    ranker : Ranker
        Fitted ranker.
    frame : DataFrame of length n
        Candidates the ranker was not fitted on, with its features.
    labels : ndarray of shape (n,), bool
        Whether the candidate was taken.
    weights : ndarray of shape (n,), optional
        How many candidates each row stands for, > 0; 1 each when absent.
    rows : int
        Most rows used, >= 1; a larger `frame` is sampled.
    repeats : int
        Shuffles per feature, >= 1.
    seed : int
        Of sample and shuffles.

    Returns
    -------
    DataFrame
        ``feature`` and ``importance``: the mean rise of the log loss (nats a
        candidate) when the feature is shuffled, largest first, ties by name.
        Negative where shuffling helped by chance.

    References
    ----------
    Breiman (2001), "Random forests", Machine Learning 45, section 10.
    """
    keys = frame[list(ranker.features)].assign(
        label=np.asarray(labels, dtype=bool),
        weight=1.0 if weights is None else np.asarray(weights, dtype=np.float64),
    )
    sample = keys.iloc[row_order(keys, seed)[:rows]].reset_index(drop=True)
    inputs = ranker_inputs(ranker, sample)
    base = _loss_of_inputs(ranker, inputs, sample)
    rises = {
        name: np.mean(
            [
                _loss_of_inputs(ranker, _shuffled(inputs, column, name, seed + repeat), sample)
                - base
                for repeat in range(repeats)
            ]
        )
        for column, name in enumerate(ranker.features)
    }
    table = pd.DataFrame({"feature": list(rises), "importance": list(rises.values())})
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)


def _shuffled(inputs: np.ndarray, column: int, name: str, seed: int) -> np.ndarray:
    """Shuffle one column, in a way that depends on its name but not on the other columns."""
    draws = hash_fractions(pd.DataFrame({"row": range(len(inputs)), "feature": name}), seed)
    shuffled = inputs.copy()
    shuffled[:, column] = inputs[np.argsort(draws), column]
    return shuffled


def _loss_of_inputs(ranker: Ranker, inputs: np.ndarray, sample: pd.DataFrame) -> float:
    """Log loss of the calibrated scores."""
    scores = calibrate(ranker.calibrator, score_inputs(ranker, inputs))
    return _log_loss(sample["label"].to_numpy(), scores, sample["weight"].to_numpy())


def _log_loss(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Mean of minus the log of the probability given to what happened."""
    given = np.where(labels, scores, 1.0 - scores)
    return float(np.average(-np.log(np.maximum(given, LEAST_PROBABILITY)), weights=weights))


def _reliability(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, bins: int
) -> pd.DataFrame:
    """Mean predicted and observed rate per bin of equally many candidates."""
    if bins < 1:
        raise ValueError(f"bins must be >= 1, got {bins}")
    places = np.unique(scores, return_inverse=True)[1]
    mass = np.bincount(places, weights=weights)
    # A score level goes where the middle of its candidates falls.
    middles = (np.cumsum(mass) - mass / 2) / mass.sum()
    _, numbers = np.unique(
        np.minimum((middles * bins).astype(np.int64), bins - 1), return_inverse=True
    )
    rows = pd.DataFrame({"bin": numbers[places] + 1, "score": scores, "weight": weights})
    rows = rows.assign(weighted_score=scores * weights, weighted_label=labels * weights)
    sums = rows.groupby("bin").agg(
        lowest_score=("score", "min"),
        highest_score=("score", "max"),
        candidate_count=("weight", "sum"),
        weighted_score=("weighted_score", "sum"),
        weighted_label=("weighted_label", "sum"),
    )
    return pd.DataFrame(
        {
            "bin": sums.index.to_numpy(dtype=np.int64),
            "lowest_score": sums["lowest_score"].to_numpy(),
            "highest_score": sums["highest_score"].to_numpy(),
            "mean_score": (sums["weighted_score"] / sums["candidate_count"]).to_numpy(),
            "observed_rate": (sums["weighted_label"] / sums["candidate_count"]).to_numpy(),
            "candidate_count": sums["candidate_count"].to_numpy(),
        }
    )
