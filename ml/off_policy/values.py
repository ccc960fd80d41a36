"""Every policy by every estimator, with intervals, or the reason why not."""

from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from ml.off_policy.estimators import ESTIMATORS, Estimate, estimates, user_sums
from ml.off_policy.log import LoggedActions, Target
from ml.off_policy.outcome_model import expected_outcomes
from ml.off_policy.support import (
    SupportBounds,
    has_propensity,
    measure_support,
    refusal,
)

FIRST, ALL = "first", "all"
NUMBERS = (
    "value",
    "lower",
    "upper",
    "standard_error",
    "difference",
    "difference_lower",
    "difference_upper",
)
MEASURES = (
    "missing_share",
    "effective_count",
    "maximum_weight",
    "mean_weight",
    "mean_weight_error",
    "unsupported_share",
    "unlogged_share",
    "list_length",
)
COUNTS = ("impression_count", "user_count")


@dataclass(frozen=True)
class OffPolicyParams:
    """How policies are valued.

    Attributes
    ----------
    bounds : SupportBounds
        When to refuse.
    level : float
        Of the intervals, in (0, 1).
    resamples : int
        Bootstrap samples of users, >= 1.
    folds : int
        Groups of users that the outcome model is learned from in turn, >= 2.
    seed : int
    """

    bounds: SupportBounds = field(default_factory=SupportBounds)
    level: float = 0.95
    resamples: int = 2000
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse levels and counts that mean nothing."""
        if not 0 < self.level < 1:
            raise ValueError(f"level must be in (0, 1), got {self.level}")
        if self.resamples < 1:
            raise ValueError(f"resamples must be >= 1, got {self.resamples}")
        if self.folds < 2:
            raise ValueError(f"folds must be >= 2, got {self.folds}")


def off_policy_values(
    log: LoggedActions, targets: dict[str, Target], params: OffPolicyParams
) -> pd.DataFrame:
    """Value policies that did not make the log.

    At the first place of a list nothing but the propensities is assumed. Over all places, an item
    is taken to earn the same at a place whatever else is on the list (the item-position model).

    Parameters
    ----------
    log : LoggedActions
    targets : dict of str to Target
        By name; each has a context for each row of the log.
    params : OffPolicyParams

    Returns
    -------
    DataFrame
        A row for each policy, ``places`` (first, all) and ``estimator`` (logged: what the log
        earned itself on the same impressions; ips; snips; dm; dr). ``value`` is the mean outcome of
        an impression, ``lower`` and ``upper`` its percentile interval over users drawn again,
        ``standard_error`` that of the linearised estimate, ``difference`` value minus what the log
        earned, with its own interval. dm has no interval: its error is the model's. Beside them
        what `Support` holds, ``list_length`` (impressions a list), and ``refusal``: the reason why
        the numbers are nan, None otherwise. Without impressions, no rows.

    References
    ----------
    Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay, Wen (2018), "Offline Evaluation of Ranking
    Policies with Click Models", KDD, on the item-position model.
    """
    rows = []
    for name, target in targets.items():
        for places in (FIRST, ALL):
            kept = log.places == 1 if places == FIRST else np.ones(log.size, dtype=bool)
            if kept.any():
                found = _values(log.take(kept), target.take(kept), params)
                rows += [{"policy": name, "places": places, **row} for row in found]
    columns = ["policy", "places", "estimator", *COUNTS, *NUMBERS, *MEASURES, "refusal"]
    frame = pd.DataFrame(rows, columns=columns)
    types = {**dict.fromkeys(COUNTS, np.int64), **dict.fromkeys(NUMBERS + MEASURES, np.float64)}
    return frame.astype({**types, "refusal": object})


def _values(log: LoggedActions, target: Target, params: OffPolicyParams) -> list[dict]:
    """Rows of one policy on some places."""
    known = has_propensity(log)
    missing = 1.0 - float(known.mean())
    used = known & (target.contexts >= 0)
    log, target = log.take(used), target.take(used)
    support = measure_support(log, target, missing)
    reason = refusal(log, support, params.bounds)
    length = log.size / np.unique(log.requests).size if log.size else float("nan")
    shared = {**asdict(support), "list_length": length, "refusal": reason}
    if reason is not None:
        nothing = dict.fromkeys(NUMBERS, float("nan"))
        return [{"estimator": name, **shared, **nothing} for name in ESTIMATORS]
    expected = expected_outcomes(log, target, params.folds, params.seed)
    found = estimates(user_sums(log, target, expected, params.seed), params.resamples, params.seed)
    return [
        {"estimator": name, **shared, **_numbers(name, found, params.level)} for name in ESTIMATORS
    ]


def _numbers(name: str, found: dict[str, Estimate], level: float) -> dict[str, float]:
    """Value, difference and their intervals."""
    estimate, logged = found[name], found["logged"]
    numbers = {"value": estimate.value, "difference": estimate.value - logged.value}
    if name == "dm":
        return {**dict.fromkeys(NUMBERS, float("nan")), **numbers}
    levels = [(1 - level) / 2, (1 + level) / 2]
    lower, upper = np.nanquantile(estimate.draws, levels)
    low, high = np.nanquantile(estimate.draws - logged.draws, levels)
    return {
        **numbers,
        "lower": min(float(lower), estimate.value),
        "upper": max(float(upper), estimate.value),
        "standard_error": estimate.standard_error,
        "difference_lower": min(float(low), numbers["difference"]),
        "difference_upper": max(float(high), numbers["difference"]),
    }
