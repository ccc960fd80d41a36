"""Whether the arms got the shares of users that they should have."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp
from scipy.stats import chisquare

# Weights of the planned shares in the mixture, all alike: they look for shares about fifteen, five,
# one and a half, and half a point away. The last alone would be blind to a few hundred users, the
# first slow with many.
CONCENTRATIONS = (10.0, 100.0, 1_000.0, 10_000.0)


@dataclass(frozen=True)
class SampleRatio:
    """Two tests of the shares.

    Attributes
    ----------
    p_value : float
        Of the chi-squared test, for one look at the end.
    anytime_p_value : float
        Valid at every look.
    """

    p_value: float
    anytime_p_value: float


def sample_ratio(counts: np.ndarray, shares: np.ndarray) -> SampleRatio:
    """Test whether users were split as planned.

    Parameters
    ----------
    counts : ndarray of shape (arms,)
        Users in each arm, at least one altogether.
    shares : ndarray of shape (arms,)
        Planned, > 0, adding up to 1.

    Returns
    -------
    SampleRatio

    Raises
    ------
    ValueError
        If shares do not add up to 1, or there is no user.
    """
    counts, shares = np.asarray(counts, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    if (shares <= 0).any() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"shares must be > 0 and add up to 1, got {shares.tolist()}")
    if counts.sum() < 1:
        raise ValueError("counts must hold at least one user, got none")
    fixed = chisquare(counts, counts.sum() * shares / shares.sum()).pvalue
    return SampleRatio(float(fixed), float(anytime_p_values(counts, shares)))


def anytime_p_values(counts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the p-value of each split, valid at every look.

    The evidence is the chance of the users so far when the shares are drawn from a mixture of
    Dirichlet distributions about the plan, over their chance under the plan.

    Parameters
    ----------
    counts : ndarray of shape (..., arms)
    shares : ndarray of shape (arms,)

    Returns
    -------
    ndarray of shape (...)

    References
    ----------
    Lindon, Malek (2022), "Anytime-valid inference for multinomial count data", NeurIPS, eq. 3.
    """
    counts, shares = np.asarray(counts, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    priors = [weight * shares for weight in CONCENTRATIONS]
    log_mixture = logsumexp([_log_chance(counts, prior) for prior in priors], axis=0)
    log_plan = (counts * np.log(shares)).sum(axis=-1)
    return np.exp(np.minimum(0.0, log_plan - log_mixture + np.log(len(priors))))


def _log_chance(counts: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return the log of the chance of users in one order, their shares drawn from a Dirichlet."""
    return (
        gammaln(prior.sum())
        - gammaln(prior.sum() + counts.sum(axis=-1))
        + (gammaln(prior + counts) - gammaln(prior)).sum(axis=-1)
    )
