"""Rows of single users that are made again between two runs: tables of schema `ml`."""

import numpy as np
import pandas as pd
import pandera.pandas as pa


class RefreshedLists(pa.DataFrameModel):
    """Lists of users who did something since their release, as of then.

    Grain: one row per `user_id` and `recommended_rank`.
    """

    user_id: str = pa.Field(str_length={"min_value": 1})
    recommended_rank: np.int64 = pa.Field(ge=1)
    item_id: str = pa.Field(str_length={"min_value": 1})
    score: np.float64 = pa.Field(ge=0.0, le=1.0, nullable=True, coerce=True)
    source: str = pa.Field(str_length={"min_value": 1})
    reason: str = pa.Field(str_length={"min_value": 1})
    evidence_item_id: str = pa.Field(nullable=True, coerce=False)
    evidence_count: np.float64 = pa.Field(ge=0, nullable=True, coerce=True)
    fallback: str = pa.Field(isin=("recent", "personal", "session", "segment", "popular"))
    release_id: str = pa.Field(str_length={"min_value": 1})
    generated_at: np.datetime64 = pa.Field(coerce=True)

    class Config:
        """Exactly these columns, an item once per list."""

        strict = True
        unique = ("user_id", "item_id")

    @pa.dataframe_check(error="ranks of a list run 1, 2, 3, ... without gaps")
    def ranks_have_no_gaps(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare the ranks of a list with its length."""
        ranks = frame.groupby("user_id", sort=False)["recommended_rank"]
        sizes = ranks.size()
        return bool(((ranks.max() == sizes) & (ranks.nunique() == sizes)).all())


class RefreshedActivity(pa.DataFrameModel):
    """What users did until a moment since their release.

    Grain: one row per `user_id`. A value that the release does not hold is
    null; counts are compared as floats for that reason.
    """

    user_id: str = pa.Field(str_length={"min_value": 1}, unique=True)
    interaction_count: np.float64 = pa.Field(ge=1, nullable=True, coerce=True)
    interaction_count_7d: np.float64 = pa.Field(ge=0, nullable=True, coerce=True)
    interaction_count_28d: np.float64 = pa.Field(ge=0, nullable=True, coerce=True)
    positive_count: np.float64 = pa.Field(ge=0, nullable=True, coerce=True)
    positive_count_28d: np.float64 = pa.Field(ge=0, nullable=True, coerce=True)
    positive_count_84d: np.float64 = pa.Field(ge=0, nullable=True, coerce=True)
    item_count: np.float64 = pa.Field(ge=1, nullable=True, coerce=True)
    item_count_28d: np.float64 = pa.Field(ge=0, nullable=True, coerce=True)
    days_since_last: np.float64 = pa.Field(ge=0.0, nullable=True, coerce=True)
    days_since_first: np.float64 = pa.Field(ge=0.0, nullable=True, coerce=True)
    interactions_per_item: np.float64 = pa.Field(ge=1.0, nullable=True, coerce=True)
    release_id: str = pa.Field(str_length={"min_value": 1})
    feature_at: np.datetime64 = pa.Field(coerce=True)

    class Config:
        """Exactly these columns."""

        strict = True
