"""The second stage: the probability that a user takes a candidate."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from ml.attributes import AttributeEncoder, encode, fit_encoder
from ml.calibration import Calibrator, calibrate, fit_calibrator
from ml.features import check_rows, feature_matrix
from ml.sampling import hash_fractions, row_order

BATCH_ROWS = 200_000
# On a small log a leaf may hold this share of the rows, or there would be no splits.
LEAF_SHARE = 0.005
SMALLEST_LEAF_ROWS = 40
# Fewer held-out positives cannot tell when to stop.
STOPPING_POSITIVES = 20


@dataclass(frozen=True)
class RankerParams:
    """Hyper-parameters of the ranker.

    Attributes
    ----------
    learning_rate : float
        Shrinkage of each tree, in (0, 1].
    iterations : int
        Most trees, >= 1; held-out users decide how many.
    iterations_unchecked : int
        Trees when too few positives are held out to decide, >= 1.
    leaves : int
        Most leaves of a tree, >= 2.
    leaf_rows : int
        Fewest rows in a leaf, >= 1; down to 40 on a small log.
    l2 : float
        Penalty on leaf values, >= 0.
    max_features : float
        Share of the features that a split chooses from, in (0, 1].
    patience : int
        Trees without improvement before stopping, >= 1.
    negatives_per_positive : float
        Negatives kept for training per positive, > 0.
    stopping_share, calibration_share : float
        Shares of the users held out for that, > 0, together below 1.
    seed : int
        Of the choice of users and of the binning.
    """

    learning_rate: float = 0.03
    iterations: int = 500
    iterations_unchecked: int = 120
    leaves: int = 15
    leaf_rows: int = 300
    l2: float = 50.0
    max_features: float = 0.3
    patience: int = 30
    negatives_per_positive: float = 5.0
    stopping_share: float = 0.1
    calibration_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse shares that leave no users to fit on."""
        shares = (self.stopping_share, self.calibration_share)
        if not (min(shares) > 0 and sum(shares) < 1):
            raise ValueError(f"held-out shares must be > 0 and sum to < 1, got {shares}")


@dataclass(frozen=True)
class Ranker:
    """A fitted ranker with its calibration.

    Attributes
    ----------
    booster : HistGradientBoostingClassifier
        Its decision function is the raw score, log odds among the rows it
        was fitted on.
    calibrator : Calibrator
        From the raw score to the probability among all candidates.
    features : tuple of str
        Columns, in the order of the booster's inputs.
    encoder : AttributeEncoder
        What stands for the values of those features that are no numbers.
    """

    booster: HistGradientBoostingClassifier
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
) -> Ranker:
    """Fit the ranker, and calibrate it on users it has not seen.

    Users are split by a hash of their id: to fit, to decide when to stop, to
    calibrate. The booster is fitted without weights, the calibration with
    them. With too few positives or negatives for that, all users fit.

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
        `sample_negatives`); 1 each when absent.
    threads : int
        Processor threads, >= 1; does not change the result. More threads
        than idle cores are many times slower than one.
    attributes : sequence of str
        Those of `features` that are text, to be encoded as `fit_encoder` does.
    rising : bool
        Whether the score may never fall where a feature rises.

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
    encoder = fit_encoder(frame, list(attributes))
    inputs = feature_matrix(encode(encoder, frame), features)
    keys = pd.DataFrame(inputs).assign(user=np.asarray(users), label=labels, weight=weights)
    order = row_order(keys)
    inputs, labels, weights = inputs[order], labels[order], weights[order]
    fractions = hash_fractions(keys["user"].iloc[order], params.seed)

    stopping = fractions < params.stopping_share
    calibrating = ~stopping & (fractions < params.stopping_share + params.calibration_share)
    with threadpool_limits(threads, "openmp"):
        booster, held_out = _fit_booster(
            inputs, labels, stopping, calibrating, params, rising=rising
        )
        raw_scores = _raw_scores(booster, inputs[held_out])
    shift = -float(np.log(weights[~labels].mean() / weights[labels].mean()))
    calibrator = fit_calibrator(raw_scores, labels[held_out], weights[held_out], shift)
    return Ranker(booster, calibrator, tuple(features), encoder)


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
    raw_scores = np.empty(len(frame))
    for start in range(0, max(len(frame), 1), BATCH_ROWS):
        rows = slice(start, start + BATCH_ROWS)
        inputs = feature_matrix(encode(ranker.encoder, frame.iloc[rows]), list(ranker.features))
        with threadpool_limits(threads, "openmp"):
            raw_scores[rows] = _raw_scores(ranker.booster, inputs)
    scores = calibrate(ranker.calibrator, raw_scores)
    return pd.DataFrame({"score": scores, "raw_score": raw_scores}, index=frame.index)


def _raw_scores(booster: HistGradientBoostingClassifier, inputs: np.ndarray) -> np.ndarray:
    """Log odds; scikit-learn refuses an input without rows."""
    return booster.decision_function(inputs) if len(inputs) else np.empty(0)


def _fit_booster(
    inputs: np.ndarray,
    labels: np.ndarray,
    stopping: np.ndarray,
    calibrating: np.ndarray,
    params: RankerParams,
    *,
    rising: bool,
) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    """Fit the trees; also returns which rows they have not seen and may calibrate them."""
    fitting = ~stopping & ~calibrating
    held = min(int(labels[stopping].sum()), int((~labels[stopping]).sum()))
    checked = held >= STOPPING_POSITIVES and 0 < labels[fitting].sum() < fitting.sum()
    rows = int(fitting.sum()) if checked else len(labels)
    leaf_rows = min(params.leaf_rows, max(SMALLEST_LEAF_ROWS, int(rows * LEAF_SHARE)))
    booster = HistGradientBoostingClassifier(
        learning_rate=params.learning_rate,
        max_iter=params.iterations if checked else params.iterations_unchecked,
        max_leaf_nodes=params.leaves,
        min_samples_leaf=leaf_rows,
        l2_regularization=params.l2,
        max_features=params.max_features,
        early_stopping=checked,
        n_iter_no_change=params.patience,
        random_state=params.seed,
        monotonic_cst=np.full(inputs.shape[1], int(rising)),
    )
    if not checked:
        inputs = _without_empty_columns(inputs, leaf_rows)
        return booster.fit(inputs, labels), np.zeros(labels.size, dtype=bool)
    fitted = _without_empty_columns(inputs[fitting], leaf_rows)
    booster.fit(fitted, labels[fitting], X_val=inputs[stopping], y_val=labels[stopping])
    return booster, calibrating


def _without_empty_columns(inputs: np.ndarray, leaf_rows: int) -> np.ndarray:
    """Make features with too few values to split on constant.

    scikit-learn cuts bins on a sample of 200 000 rows and raises if a feature
    has no value there; twenty expected ones make that as good as impossible.
    """
    fewest = max(leaf_rows, 20 * len(inputs) / 200_000)
    empty = np.isfinite(inputs).sum(axis=0) < fewest
    return np.where(empty, 0.0, inputs)
