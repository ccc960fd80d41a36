"""Values of metrics and their differences, written in the unit of the metric."""

from ml.experiments.sequences import LEVEL

SHARE = "share"


def value_text(value: float, unit: str) -> str:
    """Write a value: a share in per cent, others with three digits.

    Parameters
    ----------
    value : float
    unit : str
        Of `exp_metrics`.
    """
    return f"{value:.1%}" if unit == SHARE else f"{value:.3g}"


def difference_text(difference: float, lower: float, upper: float, unit: str) -> str:
    """Write a difference of two values, and its interval.

    Parameters
    ----------
    difference, lower, upper : float
        In the unit of the metric. A difference of shares is written in percentage points: per cent
        would say how large it is beside the control.
    unit : str
        Of `exp_metrics`.
    """
    if unit == SHARE:
        told, low, high = (f"{100 * value:+.1f}" for value in (difference, lower, upper))
        told += " percentage points"
    else:
        told, low, high = (f"{value:+.3g}" for value in (difference, lower, upper))
    return f"{told} ({LEVEL:.0%} interval {low} to {high})"


def margin_text(margin: float, unit: str) -> str:
    """Write how large a difference is borne.

    Parameters
    ----------
    margin : float
        As an experiment's line has it: 0.02 of a share are 2 percentage points.
    unit : str
        Of `exp_metrics`.
    """
    return f"{100 * margin:g} percentage points" if unit == SHARE else f"{margin:g}"
