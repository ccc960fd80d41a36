"""Intervals of means over users, by bootstrap."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

BLOCK_CELLS = 4_000_000
# More distinct values than this are drawn in groups of neighbours, see `_grouped`.
MOST_DISTINCT = 20_000


@dataclass(frozen=True)
class Interval:
    """A mean with the interval around it.

    Attributes
    ----------
    value : float
        Mean.
    lower, upper : float
        Bounds; nan for fewer than two values.
    count : int
        Values.
    """

    value: float
    lower: float
    upper: float
    count: int


def bootstrap_mean(
    values: np.ndarray, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Mean of independent values with its bias-corrected, accelerated interval.

    Equal values are drawn together (a multinomial draw of how often each
    distinct value occurs), in blocks: the distribution is that of drawing
    one by one, the memory is bounded.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One per user, n >= 1; nan values are left out. For two systems pass
        the differences of each user.
    resamples : int
        Bootstrap samples, >= 1.
    level : float
        Share of such intervals that hold the true mean, in (0, 1).
    seed : int
        Of the draws; equal values in any order give equal intervals.

    Returns
    -------
    Interval
        Encloses the mean; of width zero when all values are equal, without
        bounds for a single value.

    Raises
    ------
    ValueError
        If no value is given or one is infinite, `resamples` is below 1 or
        `level` outside (0, 1).

    References
    ----------
    Efron (1987), "Better bootstrap confidence intervals", JASA 82(397).
    """
    if resamples < 1:
        raise ValueError(f"resamples must be >= 1, got {resamples}")
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    values = np.asarray(values, dtype=np.float64)
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if distinct.size == 0:
        raise ValueError(f"no values: all {values.size} are nan")
    if not np.isfinite(distinct).all():
        raise ValueError(f"{int(np.isinf(values).sum())} values are infinite")
    total = int(counts.sum())
    mean = float(distinct @ counts / total)
    if total == 1:
        return Interval(mean, float("nan"), float("nan"), 1)
    if distinct.size == 1:
        return Interval(mean, mean, mean, total)
    means = _resampled_means(*_grouped(distinct, counts), resamples, seed)
    lower, upper = np.quantile(means, _corrected_levels(distinct, counts, means, mean, level))
    return Interval(mean, min(float(lower), mean), max(float(upper), mean), total)


def metric_intervals(
    metrics: pd.DataFrame,
    names: list[str],
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean over users of every metric of every system, with intervals.

    Parameters
    ----------
    metrics : DataFrame
        ``setting``, ``system`` and the columns `names`, one row per user.
    names : list of str
        Metrics; nan values are left out.
    resamples, level, seed
        As for `bootstrap_mean`.

    Returns
    -------
    DataFrame
        ``setting``, ``system``, ``metric``, ``value``, ``lower``, ``upper``
        (float64) and ``user_count`` (int64), sorted by the first three; a
        metric that is nan for all users of a system has no row.
    """
    long = metrics.melt(["setting", "system"], names, "metric", "value").dropna(subset="value")
    rows = [
        (*key, *_interval_columns(group["value"], resamples, level, seed))
        for key, group in long.groupby(["setting", "system", "metric"])
    ]
    return _interval_frame(["setting", "system", "metric"], rows)


def paired_differences(
    metrics: pd.DataFrame,
    names: list[str],
    system: str,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean over users of how much better one system is than each other one.

    Only users measured under both count, so that differences between users
    cancel; the interval is narrower than two separate ones suggest.

    Parameters
    ----------
    metrics : DataFrame
        ``setting``, ``system``, ``user_id`` and the columns `names`, unique
        by the first three.
    names : list of str
        Metrics.
    system : str
        The system that is compared with every other.
    resamples, level, seed
        As for `bootstrap_mean`.

    Returns
    -------
    DataFrame
        ``setting``, ``system``, ``baseline``, ``metric``, ``value`` (system
        minus baseline), ``lower``, ``upper`` and ``user_count``, sorted by
        the first four.

    Raises
    ------
    ValueError
        If `system` has no rows in `metrics`.
    """
    own = metrics.loc[metrics["system"] == system, ["setting", "user_id", *names]]
    if own.empty:
        raise ValueError(f"system {system!r} has no metrics")
    others = metrics.loc[
        metrics["system"] != system, ["setting", "system", "user_id", *names]
    ].rename(columns={"system": "baseline"})
    pairs = own.merge(others, on=["setting", "user_id"], suffixes=("", "_of_baseline"))
    rows = []
    for (setting, baseline), group in pairs.groupby(["setting", "baseline"]):
        for name in sorted(names):
            differences = group[name] - group[f"{name}_of_baseline"]
            if differences.notna().any():
                columns = _interval_columns(differences, resamples, level, seed)
                rows.append((setting, system, baseline, name, *columns))
    return _interval_frame(["setting", "system", "baseline", "metric"], rows)


def _grouped(distinct: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Replace neighbouring values by their mean; the spread lost is far below the interval's."""
    if distinct.size <= MOST_DISTINCT:
        return distinct, counts
    starts = np.linspace(0, distinct.size, MOST_DISTINCT, endpoint=False).astype(np.int64)
    sizes = np.add.reduceat(counts, starts)
    return np.add.reduceat(distinct * counts, starts) / sizes, sizes


def _resampled_means(
    distinct: np.ndarray, counts: np.ndarray, resamples: int, seed: int
) -> np.ndarray:
    """Means of bootstrap samples, a bounded number of draws at a time."""
    random = np.random.default_rng(seed)
    total = counts.sum()
    block = max(1, BLOCK_CELLS // distinct.size)
    means = np.empty(resamples)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        drawn = random.multinomial(total, counts / total, size=size)
        means[start : start + size] = drawn @ distinct / total
    return means


def _corrected_levels(
    distinct: np.ndarray, counts: np.ndarray, means: np.ndarray, mean: float, level: float
) -> np.ndarray:
    """Quantiles to read off: Efron (1987), equation 2.3, ties of a mean counted half."""
    below = (np.mean(means < mean) + np.mean(means <= mean)) / 2
    bias = norm.ppf(np.clip(below, 0.5 / means.size, 1 - 0.5 / means.size))
    deviations = distinct - mean
    skew = counts @ deviations**3 / (counts @ deviations**2) ** 1.5
    wanted = bias + norm.ppf([(1 - level) / 2, (1 + level) / 2])
    return norm.cdf(bias + wanted / np.maximum(1 - skew / 6 * wanted, 1e-9))


def _interval_columns(
    values: pd.Series, resamples: int, level: float, seed: int
) -> tuple[float, float, float, int]:
    """Columns of one interval."""
    found = bootstrap_mean(values.to_numpy(), resamples, level, seed)
    return found.value, found.lower, found.upper, found.count


def _interval_frame(keys: list[str], rows: list[tuple]) -> pd.DataFrame:
    """Arrange intervals, with their types even when there are none."""
    numbers = {"value": np.float64, "lower": np.float64, "upper": np.float64}
    frame = pd.DataFrame(rows, columns=[*keys, *numbers, "user_count"])
    return frame.astype({**numbers, "user_count": np.int64})
