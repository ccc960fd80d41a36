"""The trees of the ranker."""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from ml.ranker_params import LARGEST_SEED, RankerParams
from ml.sampling import hash_fractions

# On a small log a leaf may hold this share of the rows, or there would be no splits.
LEAF_SHARE = 0.005
SMALLEST_LEAF_ROWS = 40
# Fewer held-out positives cannot tell when to stop.
STOPPING_POSITIVES = 20


class EvenlyBinned(HistGradientBoostingClassifier):
    """Bins that hold equally many rows, whatever the rows weigh.

    With weights scikit-learn looks for each edge of each bin by itself, which takes longer than
    all trees. Weights count for splits and leaves; where the edges lie matters little.
    """

    def _bin_data(
        self,
        X: np.ndarray,  # noqa: N803
        sample_weight: np.ndarray | None,
        is_training_data: bool,
    ) -> np.ndarray:
        """Bin rows as if they had no weights."""
        return super()._bin_data(X, None, is_training_data)


def fit_boosters(
    inputs: np.ndarray,
    labels: np.ndarray,
    label_weights: np.ndarray | None,
    users: pd.Series,
    params: RankerParams,
    *,
    rising: bool,
) -> tuple[tuple[HistGradientBoostingClassifier, ...], np.ndarray]:
    """Fit trees as often as wanted, on rows that are not held out, or on all if too few are.

    Parameters
    ----------
    inputs : ndarray of shape (n, k), float64
        Of `feature_matrix`.
    labels : ndarray of shape (n,), bool
        Whether the candidate was taken.
    label_weights : ndarray of shape (n,), optional
        How much each row teaches, > 0; 1 each when absent.
    users : Series of length n
        User ids of the rows.
    params : RankerParams
        Hyper-parameters.
    rising : bool
        Whether the score may never fall where a feature rises.

    Returns
    -------
    tuple of HistGradientBoostingClassifier and ndarray of shape (n,), bool
        The trees of each fit, and which rows none has seen and may calibrate them.
    """
    fractions = hash_fractions(users, params.seed)
    calibrating = (fractions >= params.stopping_share) & (
        fractions < params.stopping_share + params.calibration_share
    )
    boosters = []
    held_out = calibrating
    for fit in range(params.fits):
        seed = (params.seed + fit) % (LARGEST_SEED + 1)
        stopping = (hash_fractions(users, seed) < params.stopping_share) & ~calibrating
        booster, checked = _fit_booster(
            inputs, labels, label_weights, stopping, calibrating, replace(params, seed=seed), rising
        )
        boosters.append(booster)
        held_out = held_out & checked
    return tuple(boosters), held_out


def mean_decision(
    boosters: tuple[HistGradientBoostingClassifier, ...], inputs: np.ndarray
) -> np.ndarray:
    """Average the log odds of several fits.

    Parameters
    ----------
    boosters : tuple of HistGradientBoostingClassifier
        Of `fit_boosters`, one or more.
    inputs : ndarray of shape (n, k), float64
        What they were fitted on has as many columns.

    Returns
    -------
    ndarray of shape (n,), float64
        Log odds.
    """
    # scikit-learn refuses an input without rows.
    if not len(inputs):
        return np.empty(0)
    return np.mean([booster.decision_function(inputs) for booster in boosters], axis=0)


def _fit_booster(
    inputs: np.ndarray,
    labels: np.ndarray,
    label_weights: np.ndarray | None,
    stopping: np.ndarray,
    calibrating: np.ndarray,
    params: RankerParams,
    rising: bool,
) -> tuple[HistGradientBoostingClassifier, bool]:
    """Fit one booster, and say whether held-out users decided when it stopped."""
    fitting = ~stopping & ~calibrating
    held = min(int(labels[stopping].sum()), int((~labels[stopping]).sum()))
    checked = held >= STOPPING_POSITIVES and 0 < labels[fitting].sum() < fitting.sum()
    rows = int(fitting.sum()) if checked else len(labels)
    leaf_rows = min(params.leaf_rows, max(SMALLEST_LEAF_ROWS, int(rows * LEAF_SHARE)))
    booster = EvenlyBinned(
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

    def weights_of(rows: np.ndarray | slice) -> np.ndarray | None:
        return None if label_weights is None else label_weights[rows]

    if not checked:
        inputs = _without_empty_columns(inputs, leaf_rows)
        booster.fit(inputs, labels, sample_weight=label_weights)
        return booster, False
    booster.fit(
        _without_empty_columns(inputs[fitting], leaf_rows),
        labels[fitting],
        sample_weight=weights_of(fitting),
        X_val=inputs[stopping],
        y_val=labels[stopping],
        sample_weight_val=weights_of(stopping),
    )
    return booster, True


def _without_empty_columns(inputs: np.ndarray, leaf_rows: int) -> np.ndarray:
    """Make features with too few values to split on constant.

    scikit-learn cuts bins on a sample of 200 000 rows and raises if a feature
    has no value there; twenty expected ones make that as good as impossible.
    """
    fewest = max(leaf_rows, 20 * len(inputs) / 200_000)
    empty = np.isfinite(inputs).sum(axis=0) < fewest
    return np.where(empty, 0.0, inputs)
