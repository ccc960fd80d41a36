"""Intervals and p-values that stay valid however often, and whenever, somebody looks."""

import math

import numpy as np

LEVEL = 0.95


def tuning(planned_count: float, level: float = LEVEL) -> float:
    """Return the mixture's width rho that makes the sequence narrowest at a planned sample.

    Parameters
    ----------
    planned_count : float
        Users of both arms at which the interval matters most, > 0. It must be chosen without
        looking at outcomes. Being wrong by a factor of three costs less than a tenth of the width.
    level : float
        In (0, 1).

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2021), "Time-uniform central limit theory and
    asymptotic confidence sequences", appendix B.2.
    """
    if not planned_count > 0:
        raise ValueError(f"planned_count must be > 0, got {planned_count}")
    _check(level)
    surprise = -2 * math.log(1 - level)
    return math.sqrt((surprise + math.log(surprise) + 1) / planned_count)


def multiplier(count: np.ndarray, rho: np.ndarray | float, level: float = LEVEL) -> np.ndarray:
    """Return how many standard errors the sequence reaches to each side.

    Parameters
    ----------
    count : ndarray
        Users of both arms, >= 0.
    rho : ndarray or float
        From `tuning`; the same at every look.
    level : float
        Share of experiments in which the sequence holds the truth at *all* looks.

    Returns
    -------
    ndarray
        Of standard errors; inf without users.

    References
    ----------
    Waudby-Smith et al. (2021), theorem 2.2: with a count t and a standard deviation sigma,
    sigma * sqrt(2 (t rho^2 + 1) / (t^2 rho^2) * log(sqrt(t rho^2 + 1) / alpha)).
    """
    _check(level)
    information = np.asarray(count, dtype=np.float64) * rho**2
    with np.errstate(divide="ignore"):
        width = 2 * (information + 1) / information
    return np.sqrt(width * np.log(np.sqrt(information + 1) / (1 - level)))


def p_value(z: np.ndarray, count: np.ndarray, rho: np.ndarray | float) -> np.ndarray:
    """Return the p-value that may be read at any look, two-sided.

    It is at most 1 - level exactly where the sequence of that level excludes the null.

    Parameters
    ----------
    z : ndarray
        Difference from the null in standard errors.
    count : ndarray
        Users of both arms.
    rho : ndarray or float
        From `tuning`.

    References
    ----------
    Robbins (1970), "Statistical methods related to the law of the iterated logarithm", the normal
    mixture; its inverse bounds the chance of ever being so large (Ville).
    """
    information = np.asarray(count, dtype=np.float64) * rho**2
    share = information / (information + 1)
    log_evidence = np.asarray(z) ** 2 * share / 2 - np.log1p(information) / 2
    return np.exp(np.minimum(0.0, -log_evidence))


def _check(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
