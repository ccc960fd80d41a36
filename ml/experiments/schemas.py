"""Frames of experiments that cross from Python into the warehouse."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from ml.schemas.finite import LARGEST


class ExperimentResults(pa.DataFrameModel):
    """Every metric of every arm and slice against the control.

    Grain: one row per `experiment_id`, `variant`, `metric`, `slice_name` and `slice`. Where
    `refusal` says why there is no answer, the difference and all that follows from it is null.
    """

    experiment_id: str = pa.Field(str_length={"min_value": 1})
    variant: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(str_length={"min_value": 1})
    slice_name: str = pa.Field(str_length={"min_value": 1})
    slice: str
    user_count: np.int64 = pa.Field(ge=0)
    control_user_count: np.int64 = pa.Field(ge=0)
    trial_count: np.int64 = pa.Field(ge=0)
    mature_share: np.float64 = pa.Field(ge=0.0, le=1.0)
    control_value: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    value: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    difference: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    lower: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    upper: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    one_look_lower: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    one_look_upper: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    plain_difference: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    variance_reduction: np.float64 = pa.Field(nullable=True, ge=0.0, le=1.0)
    relative_difference: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    relative_lower: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    relative_upper: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    p_value: np.float64 = pa.Field(nullable=True, ge=0.0, le=1.0)
    adjusted_p_value: np.float64 = pa.Field(nullable=True, ge=0.0, le=1.0)
    refusal: str = pa.Field(nullable=True, coerce=True)

    class Config:
        """Exactly these columns, a result once."""

        strict = True
        unique = ("experiment_id", "variant", "metric", "slice_name", "slice")

    @pa.dataframe_check(error="a row has a difference within its bounds, or says why it has none")
    def answers_or_refuses(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Compare the bounds with the difference, and its absence with the refusal."""
        enclosed = frame["difference"].between(frame["lower"], frame["upper"])
        return enclosed == frame["refusal"].isna()


class ExperimentLooks(pa.DataFrameModel):
    """The difference as each further day of exposed users is counted.

    Grain: one row per `experiment_id`, `variant`, `metric` and `exposed_date`.
    """

    experiment_id: str = pa.Field(str_length={"min_value": 1})
    variant: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(str_length={"min_value": 1})
    exposed_date: np.datetime64 = pa.Field(coerce=True)
    user_count: np.int64 = pa.Field(ge=1)
    control_user_count: np.int64 = pa.Field(ge=1)
    difference: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    lower: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    upper: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)

    class Config:
        """Exactly these columns, a day once."""

        strict = True
        unique = ("experiment_id", "variant", "metric", "exposed_date")


class ExperimentDecisions(pa.DataFrameModel):
    """The questions asked of every arm, in order, with their numbers, and the verdict.

    Grain: one row per `experiment_id`, `variant` and `step_number`.
    """

    experiment_id: str = pa.Field(str_length={"min_value": 1})
    variant: str = pa.Field(str_length={"min_value": 1})
    step_number: np.int64 = pa.Field(ge=1)
    step: str = pa.Field(str_length={"min_value": 1})
    status: str = pa.Field(
        isin=("passed", "failed", "waiting", "ship", "stop", "keep_running", "nothing_to_decide")
    )
    value: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    bound: np.float64 = pa.Field(nullable=True, ge=-LARGEST, le=LARGEST)
    words: str = pa.Field(str_length={"min_value": 1})
    verdict: str = pa.Field(isin=("ship", "stop", "keep_running", "nothing_to_decide"))

    class Config:
        """Exactly these columns, a step once."""

        strict = True
        unique = ("experiment_id", "variant", "step_number")


class ExperimentOutlook(pa.DataFrameModel):
    """The least true difference that an experiment on this log would find.

    Grain: one row per `metric` and `run_days`.
    """

    metric: str = pa.Field(str_length={"min_value": 1})
    run_days: np.int64 = pa.Field(ge=1)
    user_count: np.int64 = pa.Field(ge=2)
    baseline: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    detectable_difference: np.float64 = pa.Field(gt=0.0, le=LARGEST)
    detectable_share: np.float64 = pa.Field(nullable=True, ge=0.0, le=LARGEST)
    detectable_at_one_look: np.float64 = pa.Field(gt=0.0, le=LARGEST)
    users_for_a_tenth: np.float64 = pa.Field(nullable=True, ge=1.0, le=LARGEST)

    class Config:
        """Exactly these columns, a row per metric and duration."""

        strict = True
        unique = ("metric", "run_days")


class ReturnSurvival(pa.DataFrameModel):
    """The share of users who have not come back by the end of a day after the exposure.

    Grain: one row per `experiment_id`, `variant` and `day_number`.
    """

    experiment_id: str = pa.Field(str_length={"min_value": 1})
    variant: str = pa.Field(str_length={"min_value": 1})
    day_number: np.int64 = pa.Field(ge=1)
    at_risk_count: np.int64 = pa.Field(ge=1)
    returned_count: np.int64 = pa.Field(ge=0)
    away_share: np.float64 = pa.Field(ge=0.0, le=1.0)
    lower: np.float64 = pa.Field(ge=0.0, le=1.0)
    upper: np.float64 = pa.Field(ge=0.0, le=1.0)

    class Config:
        """Exactly these columns, a day once."""

        strict = True
        unique = ("experiment_id", "variant", "day_number")
