"""How often each place of a list is looked at, from the log of a policy that draws its lists."""

from dataclasses import dataclass

import numpy as np

from ml.off_policy.estimators import UserSums, estimates
from ml.off_policy.log import LoggedActions
from ml.off_policy.support import has_propensity

# Clicks that a place must have for its estimate to be of use.
MINIMUM_CLICKS = 30
# The mean weight of a place is the number of items that chance could put there. A place with others
# than the first has, by this share, says something of these items and not of itself.
SUPPORT_TOLERANCE = 0.25


@dataclass(frozen=True)
class Examination:
    """Chance that a place is looked at, as a multiple of the first place's.

    Attributes
    ----------
    places : ndarray of shape (n,), int
        From 1, rising.
    values : ndarray of float64
        1 at the first place; nan where the log has too few clicks, or chance put other items than
        at the first place.
    lower, upper : ndarray of float64
        Percentile interval over users drawn again; nan likewise.
    clicks : ndarray of int64
        Clicks at each place.
    """

    places: np.ndarray
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    clicks: np.ndarray


def estimate_examination(
    log: LoggedActions, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> Examination:
    """Estimate examination by place from items that chance put at different places.

    Clicks at a place are weighted by the inverse of the propensity: they then count what the whole
    catalogue would earn there if every item were shown equally often. Divided by the same at the
    first place, what is left is how often the place is looked at, since items do not change when
    they are moved (the position-based model).

    Parameters
    ----------
    log : LoggedActions
        Rows without a propensity are left out, and what was certain to stand where it stood: such
        places hold the better items the higher they are. Propensities given the items above go
        through `propensities_without_repeats` first.
    level : float
        Of the intervals, in (0, 1).
    resamples : int
        Bootstrap samples of users, >= 1.
    seed : int
        Of the draws.

    Returns
    -------
    Examination

    Raises
    ------
    ValueError
        If every propensity is 1 or none is known, the first place has fewer than 30 clicks on what
        was drawn, or no other place could hold the items of the first.

    References
    ----------
    Joachims, Swaminathan, Schnabel (2017), "Unbiased Learning-to-Rank with Biased Feedback", WSDM,
    section 5.2 (interventions); Agarwal, Zaitsev, Wang, Li, Najork, Joachims (2019), "Estimating
    Position Bias without Intrusive Interventions", WSDM.
    """
    used = log.take(has_propensity(log) & (log.propensities < 1))
    if not used.size:
        raise ValueError(
            "position bias needs lists drawn with known chances; every propensity is 1 or missing"
        )
    places = np.arange(1, int(used.places.max()) + 1)
    clicks = np.bincount(used.places[used.outcomes > 0], minlength=places.size + 1)[1:]
    if clicks[0] < MINIMUM_CLICKS:
        raise ValueError(
            f"the first place has {clicks[0]} clicks on what chance put there, "
            f"at least {MINIMUM_CLICKS} needed"
        )
    has_support = _has_support(used, places)
    if places.size > 1 and not has_support[1:].any():
        raise ValueError(
            "chance put other items at the first place than at the others; "
            "position bias needs lists of which every place is drawn from the same items"
        )
    found = estimates(_sums_by_place(used, places), resamples, seed)
    values = np.array([found[str(place)].value for place in places])
    draws = np.stack([found[str(place)].draws for place in places])
    ratios = draws / draws[0]
    lower, upper = np.nanquantile(ratios, [(1 - level) / 2, (1 + level) / 2], axis=1)
    few = (clicks < MINIMUM_CLICKS) | ~has_support
    return Examination(
        places=places,
        values=np.where(few, np.nan, values / values[0]),
        lower=np.where(few, np.nan, lower),
        upper=np.where(few, np.nan, upper),
        clicks=clicks.astype(np.int64),
    )


def position_weights(
    examination: Examination, places: np.ndarray, most: float = 10.0
) -> np.ndarray:
    """Weights that make a click count as much at a low place as at the first.

    Parameters
    ----------
    examination : Examination
    places : ndarray of int
        Places of impressions; one beyond the estimated ones counts as the last of them.
    most : float
        Largest weight, >= 1: it bounds what a single click can do.

    Returns
    -------
    ndarray of float64
        ``1 / examination``, in (0, most]; a place without an estimate gets that of the nearest
        place above it.

    Raises
    ------
    ValueError
        If `most` is below 1 or a place below 1.
    """
    if most < 1:
        raise ValueError(f"most must be >= 1, got {most}")
    if places.size and places.min() < 1:
        raise ValueError(f"places must be >= 1, got {places.min()}")
    known = np.flatnonzero(examination.values > 0)
    column = np.minimum(places, examination.places[-1]) - 1
    nearest = known[np.searchsorted(known, column, side="right") - 1]
    return np.minimum(1.0 / examination.values[nearest], most)


def _has_support(log: LoggedActions, places: np.ndarray) -> np.ndarray:
    """Whether about as many items could stand at each place as at the first."""
    counts = np.bincount(log.places, minlength=places.size + 1)[1:]
    sums = np.bincount(log.places, 1.0 / log.propensities, minlength=places.size + 1)[1:]
    means = sums / np.maximum(counts, 1)
    return np.abs(means / means[0] - 1) <= SUPPORT_TOLERANCE


def _sums_by_place(log: LoggedActions, places: np.ndarray) -> dict[str, UserSums]:
    """Weighted clicks and weights of each user, one mean for each place."""
    names, users = np.unique(log.users, return_inverse=True)
    weights = 1.0 / log.propensities
    sums = {}
    for place in places:
        here = log.places == place
        numerators = np.bincount(users[here], (weights * log.outcomes)[here], minlength=names.size)
        denominators = np.bincount(users[here], weights[here], minlength=names.size)
        sums[str(place)] = UserSums(numerators[:, None], denominators[:, None], np.ones(1))
    return sums
