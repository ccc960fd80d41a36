"""What an experiment could find, before it starts."""

import math

import numpy as np
from scipy.stats import norm
from statsmodels.stats.power import NormalIndPower, zt_ind_solve_power
from statsmodels.stats.proportion import proportion_effectsize

from ml.experiments.sequences import LEVEL, multiplier, tuning

POWER = 0.8


def detectable_effect(
    deviation: np.ndarray,
    count: float,
    share: float = 0.5,
    power: float = POWER,
    level: float = LEVEL,
) -> np.ndarray:
    """Return the least true difference that is found with the promised power.

    Found means that the confidence sequence excludes zero when the last user has been counted; a
    daily look may find it earlier, which only adds to the power.

    Parameters
    ----------
    deviation : ndarray
        Standard deviation of the metric over users, of the linearised ratio for ratios, with
        habits taken out if they will be.
    count : float
        Users of both arms, > 0.
    share : float
        The treatment's share of them, in (0, 1).
    power, level : float
        In (0, 1).
    """
    _check(count, share, power)
    reach = float(multiplier(np.array(count), tuning(count, level), level))
    error = np.asarray(deviation) * math.sqrt(1 / (count * share) + 1 / (count * (1 - share)))
    return (reach + norm.ppf(power)) * error


def detectable_effect_at_one_look(
    deviation: float, count: float, share: float = 0.5, power: float = POWER, level: float = LEVEL
) -> float:
    """Return the same for somebody who looks once, at the end, for comparison (statsmodels)."""
    _check(count, share, power)
    effect = zt_ind_solve_power(
        nobs1=count * share,
        alpha=1 - level,
        power=power,
        ratio=(1 - share) / share,
        alternative="two-sided",
    )
    return float(effect) * deviation


def promised_power(
    effect: np.ndarray, deviation: np.ndarray, count: float, share: float = 0.5
) -> np.ndarray:
    """Return the chance that a true difference of this size is found by `count` users."""
    _check(count, share, POWER)
    reach = float(multiplier(np.array(count), tuning(count)))
    error = np.asarray(deviation) * math.sqrt(1 / (count * share) + 1 / (count * (1 - share)))
    shift = np.abs(effect) / error
    return norm.cdf(shift - reach) + norm.cdf(-shift - reach)


def users_for_effect(
    deviation: float, effect: float, share: float = 0.5, power: float = POWER, level: float = LEVEL
) -> int:
    """Return the users of both arms by whom a true difference of this size is found.

    The other way round of `detectable_effect`: that shrinks with the root of the users.

    Parameters
    ----------
    deviation : float
        As in `detectable_effect`, > 0.
    effect : float
        True difference, not 0.
    share, power, level : float
        As in `detectable_effect`.

    Raises
    ------
    ValueError
        If the effect is 0.
    """
    if effect == 0:
        raise ValueError("effect must not be 0: no number of users would find it")
    by_one = float(detectable_effect(np.array(deviation), 1.0, share, power, level))
    return math.ceil((by_one / effect) ** 2)


def users_for_rate(baseline: float, lift: float, power: float = POWER, level: float = LEVEL) -> int:
    """Return the users of both arms that a change of a rate, such as D7 retention, needs.

    Half of them in each arm; for an experiment that is looked at every day.

    Parameters
    ----------
    baseline : float
        The control's rate, in (0, 1).
    lift : float
        True difference, not 0; `baseline + lift` in (0, 1).
    power, level : float
        In (0, 1).

    Raises
    ------
    ValueError
        If the lift is 0 or a rate is outside (0, 1).
    """
    rates = (baseline, baseline + lift)
    if lift == 0 or not all(0 < rate < 1 for rate in rates):
        raise ValueError(f"rates must differ and be in (0, 1), got {rates[0]:g} and {rates[1]:g}")
    effect = abs(float(proportion_effectsize(rates[1], rates[0])))
    once = NormalIndPower().solve_power(effect_size=effect, alpha=1 - level, power=power)
    # The sequence reaches further than one look's interval, by the same factor at any size.
    reach = float(multiplier(np.array(1.0), tuning(1.0, level), level))
    wider = (reach + norm.ppf(power)) / (norm.ppf((1 + level) / 2) + norm.ppf(power))
    return math.ceil(2 * float(once) * wider**2)


def _check(count: float, share: float, power: float) -> None:
    if not count > 0:
        raise ValueError(f"count must be > 0, got {count}")
    if not 0 < share < 1:
        raise ValueError(f"share must be in (0, 1), got {share}")
    if not 0 < power < 1:
        raise ValueError(f"power must be in (0, 1), got {power}")
