"""Tables of how good lists are: measured, compared, valued on what was shown, searched for."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from ml.schemas.finite import LARGEST
from ml.search_space import SPACES


class UserMetrics(pa.DataFrameModel):
    """Ranking metrics of one list, for users with something relevant.

    Grain: one row per `cutoff_at`, `setting`, `system` and `user_id`.
    """

    cutoff_at: np.datetime64 = pa.Field(coerce=True)
    setting: str = pa.Field(isin=("new_items", "with_repeats"))
    system: str = pa.Field(str_length={"min_value": 1})
    user_id: str = pa.Field(str_length={"min_value": 1})
    history_count: np.int64 = pa.Field(ge=0)
    relevant_count: np.int64 = pa.Field(ge=1)
    ndcg_10: np.float64 = pa.Field(ge=0.0, le=1.0)
    recall_10: np.float64 = pa.Field(ge=0.0, le=1.0)
    precision_10: np.float64 = pa.Field(ge=0.0, le=1.0)
    mrr_10: np.float64 = pa.Field(ge=0.0, le=1.0)
    hit_10: np.float64 = pa.Field(isin=(0.0, 1.0))

    class Config:
        """Exactly these columns, a user once per list."""

        strict = True
        unique = ("cutoff_at", "setting", "system", "user_id")


class MetricIntervals(pa.DataFrameModel):
    """Means over users with their bootstrap intervals.

    Grain: one row per `setting`, `system` and `metric`. The bounds are null
    where a metric is not a mean over at least two users.
    """

    setting: str = pa.Field(isin=("new_items", "with_repeats"))
    system: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(str_length={"min_value": 1})
    value: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    lower: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    upper: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    user_count: np.int64 = pa.Field(ge=1)

    class Config:
        """Exactly these columns, a metric once per system."""

        strict = True
        unique = ("setting", "system", "metric")

    @pa.dataframe_check(error="bounds come in pairs and enclose the value")
    def bounds_enclose_the_value(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Compare value and bounds; rows without bounds pass."""
        enclosed = frame["value"].between(frame["lower"], frame["upper"])
        return enclosed | (frame["lower"].isna() & frame["upper"].isna())


class ListCosts(pa.DataFrameModel):
    """What a choice for lists changes in nDCG@10, with the bootstrap interval of the change.

    Grain: one row per `choice` and `strength`. The bounds are null for fewer
    than two users.
    """

    choice: str = pa.Field(str_length={"min_value": 1})
    strength: np.float64 = pa.Field(ge=0.0, le=LARGEST)
    ndcg_10: np.float64 = pa.Field(ge=0.0, le=1.0)
    difference: np.float64 = pa.Field(ge=-1.0, le=1.0)
    lower: np.float64 = pa.Field(nullable=True, ge=-1.0, le=1.0)
    upper: np.float64 = pa.Field(nullable=True, ge=-1.0, le=1.0)
    user_count: np.int64 = pa.Field(ge=1)

    class Config:
        """Exactly these columns, a choice once per strength."""

        strict = True
        unique = ("choice", "strength")


class Audit(pa.DataFrameModel):
    """What the ranker does with an attribute of users and without it, by group.

    Grain: one row per `attribute`, `system`, `user_group` and `metric`.
    """

    attribute: str = pa.Field(str_length={"min_value": 1})
    system: str = pa.Field(isin=("with", "without", "difference"))
    user_group: str
    metric: str = pa.Field(str_length={"min_value": 1})
    value: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    lower: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    upper: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    user_count: np.int64 = pa.Field(ge=1)

    class Config:
        """Exactly these columns, a metric once per group and system."""

        strict = True
        unique = ("attribute", "system", "user_group", "metric")


class OffPolicyValues(pa.DataFrameModel):
    """What other policies would have earned on the logged impressions.

    Grain: one row per `outcome`, `policy`, `places` and `estimator`.
    """

    cutoff_at: np.datetime64 = pa.Field(coerce=True)
    outcome: str = pa.Field(isin=("clicked", "chosen"))
    policy: str = pa.Field(str_length={"min_value": 1})
    places: str = pa.Field(isin=("first", "all"))
    estimator: str = pa.Field(isin=("logged", "ips", "snips", "dm", "dr"))
    impression_count: np.int64 = pa.Field(ge=0)
    user_count: np.int64 = pa.Field(ge=0)
    value: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    lower: np.float64 = pa.Field(nullable=True)
    upper: np.float64 = pa.Field(nullable=True)
    standard_error: np.float64 = pa.Field(nullable=True, ge=0.0)
    difference: np.float64 = pa.Field(nullable=True)
    difference_lower: np.float64 = pa.Field(nullable=True)
    difference_upper: np.float64 = pa.Field(nullable=True)
    missing_share: np.float64 = pa.Field(ge=0.0, le=1.0)
    effective_count: np.float64 = pa.Field(ge=0.0)
    maximum_weight: np.float64 = pa.Field(nullable=True, ge=0.0)
    mean_weight: np.float64 = pa.Field(nullable=True, ge=0.0)
    mean_weight_error: np.float64 = pa.Field(nullable=True, ge=0.0)
    unsupported_share: np.float64 = pa.Field(nullable=True, ge=0.0, le=1.0)
    unlogged_share: np.float64 = pa.Field(nullable=True, ge=0.0, le=1.0)
    list_length: np.float64 = pa.Field(nullable=True, ge=1.0)
    refusal: str = pa.Field(nullable=True)

    class Config:
        """Exactly these columns, a value once."""

        strict = True
        unique = ("outcome", "policy", "places", "estimator")

    @pa.dataframe_check(error="a policy is valued if and only if nothing speaks against it")
    def refused_or_valued(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Compare the value with the refusal."""
        return frame["value"].isna() == frame["refusal"].notna()

    @pa.dataframe_check(error="an interval encloses its value")
    def intervals_enclose(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Compare the value with its bounds."""
        outside = (frame["lower"] > frame["value"]) | (frame["upper"] < frame["value"])
        return ~outside


class TuningTrials(pa.DataFrameModel):
    """Trials of the searches for better settings, as far as they have ended.

    Grain: one row per `study` and `trial_number`. `value` is a mean over the
    folds that judged the trial; null where none did.
    """

    study: str = pa.Field(str_length={"min_value": 1})
    part: str = pa.Field(isin=tuple(SPACES))
    trial_number: np.int64 = pa.Field(ge=0)
    setting: str = pa.Field(isin=("new_items", "with_repeats"))
    state: str = pa.Field(isin=("complete", "pruned", "failed"))
    parameters: str = pa.Field(str_startswith="{")
    fold_count: np.int64 = pa.Field(ge=0)
    value: np.float64 = pa.Field(nullable=True, ge=0.0, le=1.0)
    seconds: np.float64 = pa.Field(ge=0.0, le=LARGEST)
    is_present: bool
    finished_at: np.datetime64 = pa.Field(nullable=True, coerce=True)

    class Config:
        """Exactly these columns, a trial once."""

        strict = True
        unique = ("study", "trial_number")

    @pa.dataframe_check(error="a trial has a value if and only if folds judged it")
    def values_come_from_folds(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Compare the value with the number of folds."""
        return frame["value"].notna() == (frame["fold_count"] > 0)
