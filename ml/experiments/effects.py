"""The difference between two arms: of means, of ratios, and with habits taken out."""

from dataclasses import dataclass

import numpy as np

from ml.experiments.moments import Moments

_HABIT = 2
# What happened to none of n users happens to fewer than 3 / n of all, in nineteen of twenty cases.
RULE_OF_THREE = 3.0
# Sums of squares cancel up to rounding: what is within it is no variation.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Effect:
    """How much better or worse a treatment is than the control, before any interval.

    All arrays have the shape of the moments they come from; nan where there is nothing to say.

    Attributes
    ----------
    control_value, treatment_value : ndarray
        Mean of users, or ratio of sums; without adjustment.
    difference : ndarray
        Treatment minus control, with habits taken out.
    variance : ndarray
        Of that difference.
    plain_difference, plain_variance : ndarray
        The same without habits.
    relative, relative_variance : ndarray
        The difference as a share of the control's value, by the delta method; nan unless the
        control's value is above 0.
    count : ndarray
        Users of both arms.
    """

    control_value: np.ndarray
    treatment_value: np.ndarray
    difference: np.ndarray
    variance: np.ndarray
    plain_difference: np.ndarray
    plain_variance: np.ndarray
    relative: np.ndarray
    relative_variance: np.ndarray
    count: np.ndarray

    @property
    def variance_reduction(self) -> np.ndarray:
        """Share of the plain variance that the habits explain, in [0, 1]."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.clip(1 - self.variance / self.plain_variance, 0.0, 1.0)


def difference(control: Moments, treatment: Moments) -> Effect:
    """Compare two arms.

    A metric is the ratio of the sums of n and d, which is the mean of n where every d is 1. Its
    variance is that of the linearised ratio (delta method); the habit x is taken out of it with
    one slope for both arms (CUPED), so the difference stays unbiased.

    Where all users of one arm are alike, such as when none had the event, its variance is that of
    as many users as could differ unseen (3 in n), each as far from it as those of the other arm
    are; habits are left in. Where all users of both arms are alike, the variance is 0.

    A small arm that happens to miss the few users with large values has a low mean and a low
    variance at once, and would seem to be worse for sure. So the users of the smaller arm count as
    varying at least as the users of both do, the more so the more unequal the arms are: that is
    their variance where nothing differs, as in a score test.

    Parameters
    ----------
    control, treatment : Moments
        Of shapes that broadcast against each other.

    Returns
    -------
    Effect

    References
    ----------
    Deng, Xu, Kohavi, Walker (2013), "Improving the sensitivity of online controlled experiments by
    utilizing pre-experiment data", WSDM, eq. 4 and 5; Deng, Knoblich, Lu (2018), "Applying the
    delta method in metric analytics", KDD, section 2.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        values = [arm.mean[..., 0] / arm.mean[..., 1] for arm in (control, treatment)]
        arms = list(zip((control, treatment), values, strict=True))
        flat = [_is_flat(arm, value) for arm, value in arms]
        slope = np.where(flat[0] | flat[1], 0.0, _slope(control, treatment, values))
        plain_difference = values[1] - values[0]
        plain, adjusted = (
            _floored(
                _bounded([_variance(arm, value, taken) for arm, value in arms], flat, arms), arms
            )
            for taken in (0.0, slope)
        )
        imbalance = treatment.mean[..., _HABIT] - control.mean[..., _HABIT]
        adjusted_difference = plain_difference - slope * imbalance
        variance = adjusted[0] + adjusted[1]
        base = np.where(values[0] > 0, values[0], np.nan)
        relative = adjusted_difference / base
        # The control's part in the difference, without habits, and in the base, with them.
        relative_variance = (
            adjusted[1] + (1 + 2 * relative) * adjusted[0] + relative**2 * plain[0]
        ) / base**2
    return Effect(
        control_value=values[0],
        treatment_value=values[1],
        difference=adjusted_difference,
        variance=variance,
        plain_difference=plain_difference,
        plain_variance=plain[0] + plain[1],
        relative=relative,
        relative_variance=relative_variance,
        count=control.count + treatment.count,
    )


def _influence(arm: Moments, value: np.ndarray) -> np.ndarray:
    """Return the weights of n and d in a user's part of the ratio, shape (..., 2)."""
    scale = 1 / arm.mean[..., 1]
    return np.stack([scale, -value * scale], axis=-1)


def _is_flat(arm: Moments, value: np.ndarray) -> np.ndarray:
    """Whether all users of an arm are alike in n, or in n for each d."""
    parts = _influence(arm, value) ** 2 * np.diagonal(arm.covariance, axis1=-2, axis2=-1)[..., :2]
    return arm.count * _variance(arm, value, 0.0) <= _ROUNDING * parts.sum(axis=-1)


def _bounded(
    variances: list[np.ndarray], flat: list[np.ndarray], arms: list[tuple[Moments, np.ndarray]]
) -> list[np.ndarray]:
    """Put the bound of an unseen variance where one arm alone is flat, 0 where both are."""
    bounded = []
    for own, other in ((0, 1), (1, 0)):
        (arm, value), (other_arm, other_value) = arms[own], arms[other]
        distance = other_value - value
        # Of those who differ at all: the mean square is at most the squared self-weighted mean.
        square = other_arm.count * _variance(other_arm, other_value, 0.0) + distance**2
        bound = RULE_OF_THREE * (square / distance) ** 2 / arm.count**2
        unseen = np.where(flat[other], 0.0, bound)
        bounded.append(np.where(flat[own], unseen, variances[own]))
    return bounded


def _floored(
    variances: list[np.ndarray], arms: list[tuple[Moments, np.ndarray]]
) -> list[np.ndarray]:
    """Raise the variance of the smaller arm's value to what the users of both arms suggest."""
    counts = [arm.count for arm, _ in arms]
    of_users = (variances[0] * counts[0] ** 2 + variances[1] * counts[1] ** 2) / sum(counts)
    return [
        np.maximum(
            variances[own],
            np.maximum(1 - counts[own] / counts[other], 0.0) * of_users / counts[own],
        )
        for own, other in ((0, 1), (1, 0))
    ]


def _slope(control: Moments, treatment: Moments, values: list[np.ndarray]) -> np.ndarray:
    """Return the slope of the metric on the habit, pooled over the arms; 0 without variation."""
    together, alone = 0.0, 0.0
    for arm, value in zip((control, treatment), values, strict=True):
        shared = np.einsum("...i,...i->...", _influence(arm, value), arm.covariance[..., :2, 2])
        together = together + (arm.count - 1) * shared
        alone = alone + (arm.count - 1) * arm.covariance[..., 2, 2]
    return np.where(np.asarray(alone) > 0, together / alone, 0.0)


def _variance(arm: Moments, value: np.ndarray, slope: np.ndarray | float) -> np.ndarray:
    """Return the variance of an arm's value when `slope` times the habit is taken out."""
    influence = _influence(arm, value)
    weights = np.concatenate(
        [influence, np.broadcast_to(-np.asarray(slope), value.shape)[..., None]], axis=-1
    )
    of_users = np.einsum("...i,...ij,...j->...", weights, arm.covariance, weights)
    return np.maximum(of_users, 0.0) / arm.count
