"""What was measured, and whether it keeps what was promised."""

from dataclasses import dataclass

from statsmodels.stats.proportion import proportion_confint


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes
    ----------
    question, metric : str
    value, lower, upper : float
        What was measured, with its 95% Monte Carlo interval.
    promise : str
        What must hold.
    holds : bool
        Whether the measurement is compatible with the promise.
    """

    question: str
    metric: str
    value: float
    lower: float
    upper: float
    promise: str
    holds: bool


def share_found(question: str, metric: str, count: int, total: int, promise: str) -> Finding:
    """Return a share with its interval; a promise is broken when the interval says so."""
    lower, upper = proportion_confint(count, total, method="wilson")
    bound = float(promise.strip("<>= %")) / 100 if promise != "none" else 0.0
    if promise.startswith("<="):
        holds = count / total <= bound or lower <= bound
    elif promise.startswith(">="):
        holds = count / total >= bound or upper >= bound
    else:
        holds = promise == "none" or lower <= bound <= upper
    return Finding(question, metric, count / total, float(lower), float(upper), promise, holds)
