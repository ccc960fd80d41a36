"""Whether a canary does harm: counts of two releases in, what is wrong out."""

from dataclasses import dataclass, field

import numpy as np
from scipy.stats import norm

from ml.variants import VariantCounts


@dataclass(frozen=True)
class GuardLimits:
    """How much worse a canary may be than what is live before it is stopped.

    Attributes
    ----------
    least_requests : int
        Of the canary before it is judged, >= 1.
    most_extra_errors : float
        Difference of the shares of requests with an error, in [0, 1].
    most_extra_slow : float
        Difference of the shares of slow requests, in [0, 1].
    most_lost_engagement : float
        Loss of the share of engaged users, relative to that of what is live, in [0, 1].
    level : float
        Certainty with which a limit must be passed, in (0.5, 1). The counts are looked at again
        and again, so it is far above what a single look would need.
    """

    least_requests: int = 200
    most_extra_errors: float = 0.01
    most_extra_slow: float = 0.05
    most_lost_engagement: float = 0.10
    level: float = 0.9995

    def __post_init__(self) -> None:
        """Refuse limits that nothing could pass, or that nothing would say."""
        if self.least_requests < 1:
            raise ValueError(f"least_requests must be >= 1, got {self.least_requests}")
        if not 0.5 < self.level < 1:
            raise ValueError(f"level must be in (0.5, 1), got {self.level}")
        for name in ("most_extra_errors", "most_extra_slow", "most_lost_engagement"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")


@dataclass(frozen=True)
class Breach:
    """A limit that a canary is beyond.

    Attributes
    ----------
    name : str
        ``errors``, ``slow`` or ``engagement``.
    live, canary : float
        The two shares.
    limit : float
        Of their difference.
    message : str
        The same in words.
    """

    name: str
    live: float
    canary: float
    limit: float
    message: str = field(compare=False)


def judge_canary(live: VariantCounts, canary: VariantCounts, limits: GuardLimits) -> list[Breach]:
    """Return the limits that a canary is beyond, with certainty.

    Parameters
    ----------
    live, canary : VariantCounts
        Of the same time.
    limits : GuardLimits
        How much worse the canary may be.

    Returns
    -------
    list of Breach
        Empty while nothing is certain: with too few requests of either, or with a difference that
        chance explains.

    References
    ----------
    Newcombe (1998), "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17, method 10.
    """
    if canary.requests < limits.least_requests or live.requests < 1:
        return []
    breaches = []
    for name, limit in (("errors", limits.most_extra_errors), ("slow", limits.most_extra_slow)):
        extra = least_difference(
            getattr(canary, name), canary.requests, getattr(live, name), live.requests, limits.level
        )
        if extra > limit:
            breaches.append(
                _breach(name, live, canary, getattr(live, name), getattr(canary, name), limit)
            )
    if canary.users < 1 or live.users < 1:
        return breaches
    allowed = limits.most_lost_engagement * live.engaged / live.users
    lost = least_difference(live.engaged, live.users, canary.engaged, canary.users, limits.level)
    if lost > allowed:
        breaches.append(_breach("engagement", live, canary, live.engaged, canary.engaged, -allowed))
    return breaches


def least_difference(
    first: int, first_total: int, second: int, second_total: int, level: float
) -> float:
    """Lower bound, one-sided, of the difference of two shares.

    Parameters
    ----------
    first, second : int
        Counted, of the totals.
    first_total, second_total : int
        >= 1.
    level : float
        Certainty that the difference is above the bound, in (0.5, 1).

    Returns
    -------
    float
        Of the first share minus the second, in [-1, 1].
    """
    share, other = first / first_total, second / second_total
    lower, _ = wilson_interval(first, first_total, level)
    _, upper = wilson_interval(second, second_total, level)
    return float(share - other - np.hypot(share - lower, upper - other))


def wilson_interval(count: int, total: int, level: float) -> tuple[float, float]:
    """Bounds of a share, each one-sided at `level`.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    z = norm.ppf(level)
    share = count / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    spread = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return float(max(centre - spread, 0.0)), float(min(centre + spread, 1.0))


def _breach(
    name: str, live: VariantCounts, canary: VariantCounts, live_count: int, count: int, limit: float
) -> Breach:
    is_of_users = name == "engagement"
    totals = [one.users if is_of_users else one.requests for one in (live, canary)]
    shares = live_count / totals[0], count / totals[1]
    words = {
        "errors": "requests with an error",
        "slow": "slow requests",
        "engagement": "users who turned to something after an answer",
    }
    message = (
        f"{shares[1]:.2%} {words[name]} ({count} of {totals[1]}) against {shares[0]:.2%} "
        f"({live_count} of {totals[0]}); the difference may be {limit:+.2%}"
    )
    return Breach(name, *shares, limit, message)
