"""What an item earns at a place, learned from the log without its weights."""

from dataclasses import dataclass

import numpy as np

from ml.off_policy.log import LoggedActions, Target

# Expected outcomes an item is assumed to have had, as good as the mean one.
PRIOR_OUTCOMES = 5.0
ALTERNATIONS = 10


@dataclass(frozen=True)
class Expected:
    """Outcomes expected of each impression, learned from other users.

    Attributes
    ----------
    logged : ndarray of shape (n,), float64
        Of the item shown.
    target : ndarray of shape (n,), float64
        Of what the policy would have shown instead.
    """

    logged: np.ndarray
    target: np.ndarray


def expected_outcomes(log: LoggedActions, target: Target, folds: int, seed: int) -> Expected:
    """Learn outcomes by item and place, each user's from the other users.

    Parameters
    ----------
    log : LoggedActions
    target : Target
    folds : int
        Groups of users, >= 2.
    seed : int
        Of the groups.

    Returns
    -------
    Expected

    Raises
    ------
    ValueError
        If `folds` is below 2.
    """
    if folds < 2:
        raise ValueError(f"folds must be >= 2, got {folds}")
    names, users = np.unique(log.users, return_inverse=True)
    fold_of = np.random.default_rng(seed).permutation(names.size)[users] % folds
    shape = (target.probabilities.shape[1], int(log.places.max()) if log.size else 0)
    logged, wanted = np.zeros(log.size), np.zeros(log.size)
    for fold in range(folds):
        rows = np.flatnonzero(fold_of == fold)
        table = fit_outcomes(log.take(fold_of != fold), shape)
        logged[rows] = table[log.actions[rows], log.places[rows] - 1]
        means = target.probabilities @ table
        wanted[rows] = means[target.contexts[rows], log.places[rows] - 1]
    return Expected(logged, wanted)


def fit_outcomes(log: LoggedActions, shape: tuple[int, int]) -> np.ndarray:
    """Fit a rate of each place times a factor of each item.

    The factors have a gamma prior of mean one, so an item that was hardly shown is taken for an
    average one.

    Parameters
    ----------
    log : LoggedActions
    shape : tuple of int
        Items and places.

    Returns
    -------
    ndarray of shape `shape`, float64
        Expected outcomes, >= 0.
    """
    items, places = shape
    shown = np.zeros(shape)
    np.add.at(shown, (log.actions, log.places - 1), 1.0)
    by_item = np.bincount(log.actions, log.outcomes, minlength=items)
    by_place = np.bincount(log.places - 1, log.outcomes, minlength=places)
    factors = np.ones(items)
    rates = np.zeros(places)
    for _ in range(ALTERNATIONS):
        exposure = factors @ shown
        rates = np.divide(by_place, exposure, out=np.zeros(places), where=exposure > 0)
        factors = (by_item + PRIOR_OUTCOMES) / (shown @ rates + PRIOR_OUTCOMES)
    return factors[:, None] * rates
