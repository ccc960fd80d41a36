"""Every metric of every arm and slice against the control, and how it came to be, day by day."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from ml.experiments.discoveries import with_adjusted_p_values
from ml.experiments.effects import Effect, difference
from ml.experiments.moments import COLUMNS, moments_from_sums
from ml.experiments.sequences import LEVEL, multiplier, p_value, tuning

# With fewer users in an arm the mean of a rare event is not yet normal enough for an interval.
LEAST_USERS = 100
# When the weeks before say nothing about how many users to expect.
USERS_EXPECTED = 1000.0

KEYS = ["experiment_id", "variant", "metric", "slice_name", "slice"]
RESULT_COLUMNS = [
    *KEYS,
    "user_count",
    "control_user_count",
    "trial_count",
    "mature_share",
    "control_value",
    "value",
    "difference",
    "lower",
    "upper",
    "one_look_lower",
    "one_look_upper",
    "plain_difference",
    "variance_reduction",
    "relative_difference",
    "relative_lower",
    "relative_upper",
    "p_value",
    "adjusted_p_value",
    "refusal",
]
LOOK_COLUMNS = [
    *KEYS[:3],
    "exposed_date",
    "user_count",
    "control_user_count",
    "difference",
    "lower",
    "upper",
]


def experiment_results(
    sums: pd.DataFrame, arms: pd.DataFrame, checks: pd.DataFrame, experiments: pd.DataFrame
) -> pd.DataFrame:
    """Compare every arm with its control in every metric and slice.

    Parameters
    ----------
    sums : DataFrame
        `exp_metric_sums`: a row per arm, metric, slice and day.
    arms : DataFrame
        `exp_arms`: `experiment_id, variant, is_control`.
    checks : DataFrame
        `exp_checks`: `experiment_id, expected_user_count`.
    experiments : DataFrame
        `exp_experiments`: `experiment_id, primary_metric`.

    Returns
    -------
    DataFrame
        `RESULT_COLUMNS`. A row that cannot be answered has nan where its numbers would be and the
        reason in `refusal`. P-values are adjusted over the arms for the primary metric, which was
        named before and decides alone; over arms and metrics for the others; and over arms and
        slices within a metric.
    """
    totals = sums.groupby(KEYS, as_index=False, sort=True)[["exposed_count", *COLUMNS]].sum()
    pairs = _against_control(totals, arms, KEYS)
    if pairs.empty:
        return pd.DataFrame(columns=RESULT_COLUMNS)
    effect = _effect(pairs)
    rho = _rho(pairs, checks)
    refusal = _refusals(pairs, effect)
    usable = refusal.isna().to_numpy()
    error = np.where(usable, np.sqrt(effect.variance), np.nan)
    relative_error = np.where(usable, np.sqrt(effect.relative_variance), np.nan)
    reach = multiplier(effect.count, rho)
    once = norm.ppf((1 + LEVEL) / 2)
    shown = {name: np.where(usable, getattr(effect, name), np.nan) for name in _SHOWN}
    with np.errstate(invalid="ignore"):
        frame = pairs[KEYS].assign(
            user_count=pairs["user_count"].astype("int64"),
            control_user_count=pairs["control_user_count"].astype("int64"),
            trial_count=_trial_count(pairs),
            mature_share=_mature_share(pairs),
            control_value=effect.control_value,
            value=effect.treatment_value,
            difference=shown["difference"],
            lower=shown["difference"] - reach * error,
            upper=shown["difference"] + reach * error,
            one_look_lower=shown["difference"] - once * error,
            one_look_upper=shown["difference"] + once * error,
            plain_difference=shown["plain_difference"],
            variance_reduction=shown["variance_reduction"],
            relative_difference=shown["relative"],
            relative_lower=shown["relative"] - reach * relative_error,
            relative_upper=shown["relative"] + reach * relative_error,
            p_value=p_value(shown["difference"] / error, effect.count, rho),
            refusal=refusal,
        )
    return _with_adjusted(frame, experiments)[RESULT_COLUMNS]


_SHOWN = ("difference", "plain_difference", "variance_reduction", "relative")


def experiment_looks(sums: pd.DataFrame, arms: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """Show the difference as each further day of exposed users is counted.

    Parameters
    ----------
    sums, arms, checks : DataFrame
        As in `experiment_results`.

    Returns
    -------
    DataFrame
        `LOOK_COLUMNS`, a row per day on which an arm has users enough.
    """
    whole = sums.loc[sums["slice_name"] == "all"]
    keys = [*KEYS[:3], "exposed_date"]
    days = whole.groupby(keys, as_index=False, sort=True)[COLUMNS].sum()
    cumulated = _cumulated(days)
    pairs = _against_control(cumulated, arms, keys)
    if pairs.empty:
        return pd.DataFrame(columns=LOOK_COLUMNS)
    effect = _effect(pairs)
    usable = _refusals(pairs, effect).isna().to_numpy()
    reach = multiplier(effect.count, _rho(pairs, checks)) * np.sqrt(effect.variance)
    return pairs.assign(
        user_count=pairs["user_count"].astype("int64"),
        control_user_count=pairs["control_user_count"].astype("int64"),
        difference=effect.difference,
        lower=effect.difference - reach,
        upper=effect.difference + reach,
    ).loc[usable, LOOK_COLUMNS]


def _cumulated(days: pd.DataFrame) -> pd.DataFrame:
    """Add up the days of each arm so far; a day without users of an arm repeats the one before."""
    dates = days[["experiment_id", "exposed_date"]].drop_duplicates()
    grid = days[KEYS[:3]].drop_duplicates().merge(dates, on="experiment_id")
    filled = grid.merge(days, on=[*KEYS[:3], "exposed_date"], how="left").fillna(
        dict.fromkeys(COLUMNS, 0.0)
    )
    ordered = filled.sort_values([*KEYS[:3], "exposed_date"], ignore_index=True)
    ordered[COLUMNS] = ordered.groupby(KEYS[:3], sort=False)[COLUMNS].cumsum()
    return ordered


def _against_control(sums: pd.DataFrame, arms: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Put the control's sums beside those of every other arm, as `control_...`.

    An arm without users has a row too, so that its absence is seen.
    """
    within = [key for key in keys if key != "variant"]
    cells = sums[within].drop_duplicates()
    grid = cells.merge(arms[["experiment_id", "variant", "is_control"]], on="experiment_id")
    measures = [name for name in ("exposed_count", *COLUMNS) if name in sums]
    filled = grid.merge(sums, on=keys, how="left")
    filled[measures] = filled[measures].fillna(0.0)
    controls = filled.loc[filled["is_control"], [*within, *measures]]
    renamed = controls.rename(columns={name: f"control_{name}" for name in measures})
    treated = filled.loc[~filled["is_control"].astype(bool)]
    return treated.merge(renamed, on=within).sort_values(keys, ignore_index=True)


def _effect(pairs: pd.DataFrame) -> Effect:
    control = pairs[[f"control_{name}" for name in COLUMNS]].to_numpy(dtype=np.float64)
    treatment = pairs[COLUMNS].to_numpy(dtype=np.float64)
    return difference(moments_from_sums(control), moments_from_sums(treatment))


def _rho(pairs: pd.DataFrame, checks: pd.DataFrame) -> np.ndarray:
    expected = checks.set_index("experiment_id")["expected_user_count"]
    return np.array(
        [
            tuning(count if count >= LEAST_USERS else USERS_EXPECTED)
            for count in pairs["experiment_id"].map(expected)
        ]
    )


def _refusals(pairs: pd.DataFrame, effect: Effect) -> pd.Series:
    """Say why a row has no answer; null where it has."""
    least = np.minimum(pairs["user_count"], pairs["control_user_count"])
    nothing = (pairs["sum_d"] == 0) | (pairs["control_sum_d"] == 0)
    still = (effect.plain_variance == 0) | ~np.isfinite(effect.variance)
    reasons = [
        (least == 0, "an arm has no users whose window is over"),
        (least < LEAST_USERS, f"an arm has fewer than {LEAST_USERS} users whose window is over"),
        (nothing, "an arm has nothing to divide by, such as impressions"),
        (still, "all users have the same value: there is no variation to judge by"),
    ]
    refusal = pd.Series(None, index=pairs.index, dtype=object)
    for condition, text in reversed(reasons):
        refusal = refusal.mask(pd.Series(np.asarray(condition), index=pairs.index), text)
    return refusal


def _trial_count(pairs: pd.DataFrame) -> np.ndarray:
    """Count users of the arm to whom it could happen, as many as weigh what these weigh (Kish)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        equal = pairs["sum_d"].to_numpy() ** 2 / pairs["sum_dd"].to_numpy()
    return np.floor(np.nan_to_num(equal)).astype("int64")


def _mature_share(pairs: pd.DataFrame) -> np.ndarray:
    exposed = pairs["exposed_count"] + pairs["control_exposed_count"]
    mature = pairs["user_count"] + pairs["control_user_count"]
    return np.where(exposed > 0, mature / np.maximum(exposed, 1), 0.0)


def _with_adjusted(frame: pd.DataFrame, experiments: pd.DataFrame) -> pd.DataFrame:
    """Adjust among what is looked at together; the metric that decides pays for no other."""
    is_whole = frame["slice_name"] == "all"
    primary = frame["experiment_id"].map(experiments.set_index("experiment_id")["primary_metric"])
    is_primary = is_whole & (frame["metric"] == primary)
    parts = [
        with_adjusted_p_values(frame.loc[is_primary], ["experiment_id"]),
        with_adjusted_p_values(frame.loc[is_whole & ~is_primary], ["experiment_id"]),
        with_adjusted_p_values(frame.loc[~is_whole], ["experiment_id", "metric"]),
    ]
    return pd.concat(parts).sort_index()
