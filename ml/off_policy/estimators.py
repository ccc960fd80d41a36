"""Values of a policy as sums over users, so that intervals can draw users again."""

from dataclasses import dataclass

import numpy as np

from ml.off_policy.log import LoggedActions, Target
from ml.off_policy.outcome_model import Expected

ESTIMATORS = ("logged", "ips", "snips", "dm", "dr")
# More users than this are drawn in random groups; the spread between groups says the same.
MOST_GROUPS = 4_000
BLOCK_CELLS = 4_000_000


@dataclass(frozen=True)
class UserSums:
    """Numerators and denominators of a mean, summed by user and place.

    The value is ``sum_r share_r * sum(numerators[:, r]) / sum(denominators[:, r])``.

    Attributes
    ----------
    numerators, denominators : ndarray of shape (n_users, n_places), float64
    shares : ndarray of shape (n_places,), float64
        Share of the impressions at each place.
    """

    numerators: np.ndarray
    denominators: np.ndarray
    shares: np.ndarray


@dataclass(frozen=True)
class Estimate:
    """A value with what is known about its error.

    Attributes
    ----------
    value : float
        Mean outcome of an impression.
    standard_error : float
        By linearisation, between users.
    draws : ndarray of shape (resamples,), float64
        The value on users drawn again.
    """

    value: float
    standard_error: float
    draws: np.ndarray


def user_sums(
    log: LoggedActions, target: Target, expected: Expected, seed: int
) -> dict[str, UserSums]:
    """Sum what each estimator needs.

    Parameters
    ----------
    log : LoggedActions
        With propensities only, at least one row.
    target : Target
        Has an answer for each row.
    expected : Expected
        For the direct method and the doubly robust estimator.
    seed : int
        Of the groups that users are put in when there are very many.

    Returns
    -------
    dict of str to UserSums
        ``logged`` (what the log earned itself), ``ips`` (``w y`` an impression), ``snips`` (``w y``
        a weight, at each place), ``dm`` (``q`` of the policy's choice) and ``dr`` (``dm`` plus
        ``w (y - q)``), with ``w`` the ratio of the policy's to the logging probability.

    References
    ----------
    Horvitz, Thompson (1952); Swaminathan, Joachims (2015), "The Self-Normalized Estimator for
    Counterfactual Learning", NeurIPS; Dudík, Langford, Li (2011), "Doubly Robust Policy Evaluation
    and Learning", ICML, equation 1.
    """
    names, users = np.unique(log.users, return_inverse=True)
    groups = users
    if names.size > MOST_GROUPS:
        groups = np.random.default_rng(seed).permutation(names.size)[users] % MOST_GROUPS
    shape = (min(names.size, MOST_GROUPS), int(log.places.max()))
    cells = groups * shape[1] + log.places - 1

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(cells, values, minlength=shape[0] * shape[1]).reshape(shape)

    weights = target.of(log.actions) / log.propensities
    counts = summed(np.ones(log.size))
    shares = counts.sum(axis=0) / log.size
    corrected = expected.target + weights * (log.outcomes - expected.logged)
    sums = {
        "logged": (summed(log.outcomes), counts),
        "ips": (summed(weights * log.outcomes), counts),
        "snips": (summed(weights * log.outcomes), summed(weights)),
        "dm": (summed(expected.target), counts),
        "dr": (summed(corrected), counts),
    }
    return {name: UserSums(*parts, shares) for name, parts in sums.items()}


def estimates(sums: dict[str, UserSums], resamples: int, seed: int) -> dict[str, Estimate]:
    """Value, standard error and bootstrap draws of each estimator, on the same draws of users.

    Parameters
    ----------
    sums : dict of str to UserSums
        Over the same users.
    resamples : int
        Bootstrap samples, >= 1.
    seed : int
        Of the draws.

    Returns
    -------
    dict of str to Estimate
    """
    drawn = _drawn_means(sums, resamples, seed)
    return {
        name: Estimate(
            float(
                _mean(parts.numerators.sum(axis=0), parts.denominators.sum(axis=0), parts.shares)
            ),
            _standard_error(parts),
            drawn[name],
        )
        for name, parts in sums.items()
    }


def _mean(numerators: np.ndarray, denominators: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mean over places; one where the policy was never met counts as the mean of the others."""
    met = denominators > 0
    means = np.divide(numerators, denominators, out=np.zeros_like(numerators), where=met)
    weight = (shares * met).sum(axis=-1)
    total = (shares * means).sum(axis=-1)
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def _standard_error(parts: UserSums) -> float:
    """Spread of the users' influences on the value."""
    count = parts.numerators.shape[0]
    if count < 2:
        return float("nan")
    totals = parts.denominators.sum(axis=0)
    met = totals > 0
    shares = np.where(met, parts.shares, 0.0)
    scale = np.divide(shares, totals, out=np.zeros_like(totals), where=met) / shares.sum()
    means = np.divide(parts.numerators.sum(axis=0), totals, out=np.zeros_like(totals), where=met)
    influences = (parts.numerators - means * parts.denominators) @ scale
    return float(np.sqrt(count / (count - 1) * (influences @ influences)))


def _drawn_means(sums: dict[str, UserSums], resamples: int, seed: int) -> dict[str, np.ndarray]:
    """Values on users drawn again, a bounded number of draws at a time."""
    random = np.random.default_rng(seed)
    count = next(iter(sums.values())).numerators.shape[0]
    block = max(1, BLOCK_CELLS // count)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in sums}
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        times = random.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
        for name, parts in sums.items():
            drawn[name].append(
                _mean(times @ parts.numerators, times @ parts.denominators, parts.shares)
            )
    return {name: np.concatenate(parts) for name, parts in drawn.items()}
