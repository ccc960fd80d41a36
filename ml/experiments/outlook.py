"""What an experiment on this log could find, from how its users behaved lately."""

import numpy as np
import pandas as pd

from ml.experiments.effects import difference
from ml.experiments.moments import COLUMNS, moments_from_sums
from ml.experiments.power import detectable_effect, detectable_effect_at_one_look, users_for_effect

DAYS = (7, 14, 28, 56)
OUTLOOK_COLUMNS = [
    "metric",
    "run_days",
    "user_count",
    "baseline",
    "detectable_difference",
    "detectable_share",
    "detectable_at_one_look",
    "users_for_a_tenth",
]


def experiment_outlook(sums: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """Say for every metric which difference would be found, by the days an experiment takes in.

    Parameters
    ----------
    sums : DataFrame
        `exp_metric_sums` of the two halves of `history`.
    checks : DataFrame
        `exp_checks`; its `history` says how many users come in how many days.

    Returns
    -------
    DataFrame
        `OUTLOOK_COLUMNS`, a row per metric and number of days; a metric without variation has
        none. Two arms of one half each, all users of the log, power 80 %.
    """
    whole = sums.loc[(sums["slice_name"] == "all") & (sums["experiment_id"] == "history")]
    check = checks.loc[checks["experiment_id"] == "history"]
    if whole.empty or check.empty:
        return pd.DataFrame(columns=OUTLOOK_COLUMNS)
    arrivals = whole.groupby(["metric", "exposed_date"])["exposed_count"].sum()
    rows = []
    for metric, metric_sums in whole.groupby("metric", sort=True):
        arms = metric_sums.groupby("variant")[COLUMNS].sum().to_numpy(np.float64)
        moments = moments_from_sums(arms)
        if len(arms) < 2:
            continue
        effect = difference(moments_from_sums(arms[0]), moments_from_sums(arms[1]))
        # The variance of a difference of two arms of these sizes, back to one user.
        each = float(1 / (1 / moments.count[0] + 1 / moments.count[1]))
        deviation = float(np.sqrt(effect.variance * each))
        baseline = float(arms[:, 1].sum() / arms[:, 2].sum()) if arms[:, 2].sum() else np.nan
        if not deviation > 0 or not np.isfinite(baseline):
            continue
        daily = arrivals[metric]
        # A float, because a metric whose baseline is 0 has no tenth.
        tenth = float(users_for_effect(deviation, baseline / 10)) if baseline else np.nan
        for days in DAYS:
            count = _users_within(daily, days)
            if count < 2:
                continue
            found = float(detectable_effect(np.array(deviation), count))
            rows.append(
                {
                    "metric": metric,
                    "run_days": days,
                    "user_count": int(count),
                    "baseline": baseline,
                    "detectable_difference": found,
                    "detectable_share": found / abs(baseline) if baseline else np.nan,
                    "detectable_at_one_look": detectable_effect_at_one_look(deviation, count),
                    "users_for_a_tenth": tenth,
                }
            )
    return pd.DataFrame(rows, columns=OUTLOOK_COLUMNS)


def _users_within(daily: pd.Series, days: int) -> float:
    """Return how many users were met for the first time within so many days from the first on."""
    dates = pd.to_datetime(daily.index)
    until = dates.min() + pd.Timedelta(days=days)
    return float(daily[dates < until].sum())
