"""Whether a log can say anything about a policy."""

from dataclasses import dataclass

import numpy as np

from ml.off_policy.log import LoggedActions, Target

# A propensity this close to one leaves nothing to compare with.
CERTAIN = 1 - 1e-9


@dataclass(frozen=True)
class SupportBounds:
    """Below or above which a log is not asked.

    Attributes
    ----------
    minimum_effective : float
        Fewest impressions that the weighted ones are worth, >= 1.
    minimum_users : int
        Fewest users, >= 2: the spread between them is what intervals are made of.
    maximum_missing : float
        Largest share of impressions without a propensity that may be left out, in [0, 1].
    maximum_unsupported : float
        Largest share of the policy's choices that the log could not, or did never, show, in [0, 1].
    maximum_weight_bias : float
        How far the mean weight may lie from 1, beyond four standard errors, in [0, 1].
    """

    minimum_effective: float = 100.0
    minimum_users: int = 30
    maximum_missing: float = 0.05
    maximum_unsupported: float = 0.2
    maximum_weight_bias: float = 0.1

    def __post_init__(self) -> None:
        """Refuse bounds that would let nonsense pass."""
        if self.minimum_effective < 1:
            raise ValueError(f"minimum_effective must be >= 1, got {self.minimum_effective}")
        if self.minimum_users < 2:
            raise ValueError(f"minimum_users must be >= 2, got {self.minimum_users}")
        for name in ("maximum_missing", "maximum_unsupported", "maximum_weight_bias"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")


@dataclass(frozen=True)
class Support:
    """How far a policy and the logging one overlap.

    Attributes
    ----------
    impression_count, user_count : int
        Impressions with a propensity for which the policy has an answer, and their users.
    missing_share : float
        Share of the impressions whose propensity is missing or no probability.
    effective_count : float
        ``(sum w)^2 / sum w^2``: how many impressions of the policy's own they are worth.
    maximum_weight, mean_weight : float
        Of the ratios of probabilities; the mean is near 1 if the propensities are right.
    mean_weight_error : float
        Standard error of the mean weight, between users.
    unsupported_share : float
        Share of the policy's choices that the log could not show at that moment: its own was
        certain.
    unlogged_share : float
        Share of the policy's choices that the log never shows, to nobody.
    lost_share : float
        Share of them for which either is so: by as much the mean weight falls short of 1.
    """

    impression_count: int
    user_count: int
    missing_share: float
    effective_count: float
    maximum_weight: float
    mean_weight: float
    mean_weight_error: float
    unsupported_share: float
    unlogged_share: float
    lost_share: float


def has_propensity(log: LoggedActions) -> np.ndarray:
    """Whether each impression has a probability in (0, 1].

    Parameters
    ----------
    log : LoggedActions

    Returns
    -------
    ndarray of bool
    """
    return (log.propensities > 0) & (log.propensities <= 1)


def measure_support(log: LoggedActions, target: Target, missing_share: float) -> Support:
    """Compare what a policy would show with what the log could.

    Parameters
    ----------
    log : LoggedActions
        With propensities only.
    target : Target
        Has an answer for each impression.
    missing_share : float
        Taken over into the answer.

    Returns
    -------
    Support
        Of nan where there is no impression.
    """
    if not log.size:
        nothing = float("nan")
        return Support(0, 0, missing_share, 0.0, *[nothing] * 6)
    chosen = target.of(log.actions)
    weights = chosen / log.propensities
    squares = float(weights @ weights)
    logged = np.zeros(target.probabilities.shape[1])
    logged[log.actions] = 1.0
    unlogged = 1.0 - (target.probabilities @ logged)[target.contexts]
    unsupported = np.where(log.propensities >= CERTAIN, 1.0 - chosen, 0.0)
    lost = np.where(log.propensities >= CERTAIN, unsupported, unlogged)
    return Support(
        impression_count=log.size,
        user_count=int(np.unique(log.users).size),
        missing_share=missing_share,
        effective_count=float(weights.sum()) ** 2 / squares if squares else 0.0,
        maximum_weight=float(weights.max()),
        mean_weight=float(weights.mean()),
        mean_weight_error=_error_of_mean(log.users, weights),
        unsupported_share=float(unsupported.mean()),
        unlogged_share=max(0.0, float(unlogged.mean())),
        lost_share=max(0.0, float(lost.mean())),
    )


def refusal(log: LoggedActions, support: Support, bounds: SupportBounds) -> str | None:
    """Say why a log cannot value a policy.

    Parameters
    ----------
    log : LoggedActions
        The impressions behind `support`.
    support : Support
    bounds : SupportBounds

    Returns
    -------
    str or None
        The first reason found, None when there is none.
    """
    if support.missing_share > bounds.maximum_missing:
        return (
            f"{support.missing_share:.1%} of the impressions have no propensity in (0, 1],"
            f" at most {bounds.maximum_missing:.1%} may lack one: log the probability with which"
            " each item was put at its place"
        )
    if not support.impression_count:
        return "the policy has no list for any user of the log"
    if (log.propensities >= CERTAIN).all() and support.unsupported_share > 0:
        return (
            "every propensity is 1: the log was made without chance, so it says nothing about"
            " what was not shown; explore a little"
        )
    if support.user_count < bounds.minimum_users:
        return f"{support.user_count} users, at least {bounds.minimum_users} are needed"
    for name, share in {
        "the log never shows": support.unlogged_share,
        "the log could not show at that place": support.unsupported_share,
    }.items():
        if share > bounds.maximum_unsupported:
            return (
                f"{share:.1%} of the policy's choices are such that {name},"
                f" at most {bounds.maximum_unsupported:.1%} may be"
            )
    # Before the mean of the weights, which a few heavy ones would decide.
    if support.effective_count < bounds.minimum_effective:
        return (
            f"the log is worth {support.effective_count:.0f} impressions of the policy,"
            f" at least {bounds.minimum_effective:.0f} are needed: log longer or explore more"
        )
    bias = abs(support.mean_weight + support.lost_share - 1)
    if bias - 4 * support.mean_weight_error > bounds.maximum_weight_bias:
        return (
            f"the weights have a mean of {support.mean_weight:.2f}, which must be near 1: the"
            " propensities are not those with which the log was made"
        )
    return None


def _error_of_mean(users: np.ndarray, values: np.ndarray) -> float:
    """Return the standard error of a mean whose rows come in users."""
    names, codes = np.unique(users, return_inverse=True)
    if names.size < 2:
        return float("nan")
    sums = np.bincount(codes, values - values.mean())
    return float(np.sqrt(names.size / (names.size - 1) * (sums @ sums)) / values.size)
