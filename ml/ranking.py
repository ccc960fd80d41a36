"""The second stage: the probability that a user takes a candidate."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import ThreadpoolController

from ml.attributes import AttributeEncoder, encode, fit_encoder
from ml.calibration import Calibrator, calibrate, fit_calibrator
from ml.features import check_rows, feature_matrix
from ml.ranker_booster import fit_boosters, mean_decision
from ml.ranker_params import RankerParams
from ml.sampling import row_order

# Every tree reads all rows of a batch: as many as fit into the cache of a processor.
BATCH_ROWS = 4_000


@dataclass(frozen=True)
class Ranker:
    """A fitted ranker with its calibration.

    Attributes
    ----------
    boosters : tuple of HistGradientBoostingClassifier
        The mean of their decision functions is the raw score, log odds among
        the rows they were fitted on.
    calibrator : Calibrator
        From the raw score to the probability among all candidates.
    features : tuple of str
        Columns, in the order of the boosters' inputs.
    encoder : AttributeEncoder
        What stands for the values of those features that are no numbers.
    """

    boosters: tuple[HistGradientBoostingClassifier, ...]
    calibrator: Calibrator
    features: tuple[str, ...]
    encoder: AttributeEncoder = field(default_factory=AttributeEncoder)


def fit_ranker(
    frame: pd.DataFrame,
    labels: np.ndarray,
    features: list[str],
    users: np.ndarray,
    params: RankerParams,
    weights: np.ndarray | None = None,
    threads: int = 1,
    attributes: Sequence[str] = (),
    *,
    rising: bool = False,
    label_weights: np.ndarray | None = None,
) -> Ranker:
    """Fit the ranker, and calibrate it on users it has not seen.

    Users are split by a hash of their id: to fit, to decide when to stop, to
    calibrate. Of several fits each has its own users to stop by, so their mean
    depends less on who was held out (Breiman 1996, Bagging predictors); none
    sees those that calibrate. The boosters are fitted with `label_weights`, the
    calibration with `weights`. With too few positives or negatives for that,
    all users fit.

    Parameters
    ----------
    frame : DataFrame of length n
        Candidates with `features`, one row per moment, user and item.
        Features are numbers or booleans; null, nan and infinities are read as
        missing, for which every split of a tree learns its own side.
    labels : ndarray of shape (n,), bool
        Whether the candidate was taken in the label window.
    features : list of str
        Columns of `frame` to learn from.
    users : ndarray of shape (n,)
        User ids of the rows.
    params : RankerParams
        Equal parameters and rows in any order give an equal ranker.
    weights : ndarray of shape (n,), optional
        How many candidates each row stands for, > 0 (``sample_weight`` of
        `sample_negatives_by_share`); 1 each when absent.
    threads : int
        Processor threads, >= 1; does not change the result. More threads
        than idle cores are many times slower than one.
    attributes : sequence of str
        Those of `features` that are text, to be encoded as `fit_encoder` does.
    rising : bool
        Whether the score may never fall where a feature rises.
    label_weights : ndarray of shape (n,), optional
        How much each row teaches, > 0; 1 each when absent. Changes the order,
        not what the probabilities are shares of.

    Returns
    -------
    Ranker
        Its probabilities hold among all candidates, not among the sampled.

    Raises
    ------
    KeyError
        If `frame` lacks a feature.
    ValueError
        If lengths differ, a weight is not > 0, a feature is not numeric, or
        there is no positive or no negative.
    """
    labels = np.asarray(labels, dtype=bool)
    weights = np.ones(len(frame)) if weights is None else np.asarray(weights, dtype=np.float64)
    check_rows(frame, labels, users, weights)
    if label_weights is not None:
        check_rows(frame, labels, users, label_weights)
    encoder = fit_encoder(frame, list(attributes))
    inputs = feature_matrix(encode(encoder, frame), features)
    keys = pd.DataFrame(inputs).assign(user=np.asarray(users), label=labels, weight=weights)
    if label_weights is not None:
        keys = keys.assign(label_weight=label_weights)
    order = row_order(keys)
    inputs, labels, weights = inputs[order], labels[order], weights[order]
    taught = None if label_weights is None else label_weights[order]
    with _openmp().limit(limits=threads, user_api="openmp"):
        boosters, held_out = fit_boosters(
            inputs, labels, taught, keys["user"].iloc[order], params, rising=rising
        )
        raw_scores = mean_decision(boosters, inputs[held_out])
    counts = np.ones(labels.size) if taught is None else taught
    # Candidates that a unit of what was taught stands for, among negatives and among positives.
    stands_for = [weights[rows].sum() / counts[rows].sum() for rows in (~labels, labels)]
    shift = -float(np.log(stands_for[0] / stands_for[1]))
    calibrator = fit_calibrator(raw_scores, labels[held_out], weights[held_out], shift)
    return Ranker(boosters, calibrator, tuple(features), encoder)


def score_frame(ranker: Ranker, frame: pd.DataFrame, threads: int = 1) -> pd.DataFrame:
    """Score candidates, in batches.

    Parameters
    ----------
    ranker : Ranker
        Fitted ranker.
    frame : DataFrame of length n
        Candidates with the features of `ranker`, read as in `fit_ranker`.
    threads : int
        As for `fit_ranker`.

    Returns
    -------
    DataFrame of length n
        ``score`` (float64 in [0, 1]: the probability that the candidate is
        taken in the label window) and ``raw_score`` (float64, log odds, to
        rank by), with the index of `frame`.

    Raises
    ------
    KeyError
        If `frame` lacks a feature.
    ValueError
        If a feature is not numeric.
    """
    raw_scores = score_inputs(ranker, ranker_inputs(ranker, frame), threads)
    scores = calibrate(ranker.calibrator, raw_scores)
    return pd.DataFrame({"score": scores, "raw_score": raw_scores}, index=frame.index)


def ranker_inputs(ranker: Ranker, frame: pd.DataFrame) -> np.ndarray:
    """Arrange candidates as the numbers that the trees read.

    Parameters
    ----------
    ranker : Ranker
        Fitted ranker.
    frame : DataFrame of length n
        Candidates, as for `score_frame`.

    Returns
    -------
    ndarray of shape (n, k), float64
        Of the k features of `ranker`.
    """
    return feature_matrix(encode(ranker.encoder, frame), list(ranker.features))


def score_inputs(ranker: Ranker, inputs: np.ndarray, threads: int = 1) -> np.ndarray:
    """Give the raw scores of candidates, in batches.

    Parameters
    ----------
    ranker : Ranker
        Fitted ranker.
    inputs : ndarray of shape (n, k), float64
        Of `ranker_inputs`.
    threads : int
        As for `fit_ranker`.

    Returns
    -------
    ndarray of shape (n,), float64
        Log odds.
    """
    raw_scores = np.empty(len(inputs))
    with _openmp().limit(limits=threads, user_api="openmp"):
        for start in range(0, len(inputs), BATCH_ROWS):
            rows = slice(start, start + BATCH_ROWS)
            raw_scores[rows] = mean_decision(ranker.boosters, inputs[rows])
    return raw_scores


@cache
def _openmp() -> ThreadpoolController:
    """Find the libraries with threads: to look for them takes longer than to score a batch."""
    return ThreadpoolController()
