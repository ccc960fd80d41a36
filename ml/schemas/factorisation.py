"""Tables of the factorisation: its vectors, what they were fitted with, what they rest on."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from ml.schemas.finite import LARGEST


class Factors(pa.DataFrameModel):
    """Vectors of the factorisation; the product of a user's and an item's is their score.

    Grain: one row per `cutoff_at`, `entity` and `entity_id`.
    """

    cutoff_at: np.datetime64 = pa.Field(coerce=True)
    entity: str = pa.Field(isin=["user", "item"])
    entity_id: str = pa.Field(str_length={"min_value": 1})
    factors: object

    class Config:
        """Exactly these columns, a vector once per cutoff."""

        strict = True
        unique = ("cutoff_at", "entity", "entity_id")

    @pa.dataframe_check(error="factors are finite, and as many in every vector of a cutoff")
    def vectors_fit(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Stack the vectors of each cutoff."""
        for _, vectors in frame.groupby("cutoff_at")["factors"]:
            if vectors.map(len).nunique() > 1 or not np.isfinite(np.stack(vectors.tolist())).all():
                return False
        return True


class Factorisations(pa.DataFrameModel):
    """What the vectors of a cutoff were fitted with: with the items' all that a new user needs.

    Grain: one row per `cutoff_at`.
    """

    cutoff_at: np.datetime64 = pa.Field(coerce=True, unique=True)
    factors: np.int64 = pa.Field(ge=1)
    unobserved_weight: np.float64 = pa.Field(gt=0.0, le=LARGEST)
    regularization: np.float64 = pa.Field(gt=0.0, le=LARGEST)
    frequency_exponent: np.float64 = pa.Field(ge=0.0, le=1.0)
    start_scale: np.float64 = pa.Field(gt=0.0, le=LARGEST)
    iterations: np.int64 = pa.Field(ge=1)
    seed: np.int64
    user_count: np.int64 = pa.Field(ge=1)
    item_count: np.int64 = pa.Field(ge=1)
    mean_user_size: np.float64 = pa.Field(gt=0.0, le=LARGEST)

    class Config:
        """Exactly these columns."""

        strict = True


class Contributions(pa.DataFrameModel):
    """Items of a user's history that speak most for a candidate.

    Grain: one row per `cutoff_at`, `user_id`, `item_id` and
    `contribution_rank`. Only the served moment has rows.
    """

    cutoff_at: np.datetime64 = pa.Field(coerce=True)
    user_id: str = pa.Field(str_length={"min_value": 1})
    item_id: str = pa.Field(str_length={"min_value": 1})
    history_item_id: str = pa.Field(str_length={"min_value": 1})
    contribution_rank: np.int64 = pa.Field(ge=1)
    contribution: np.float64 = pa.Field(gt=0.0, le=LARGEST)
    history_count: np.int64 = pa.Field(ge=1)

    class Config:
        """Exactly these columns, an item of the history once per pair."""

        strict = True
        unique = ("cutoff_at", "user_id", "item_id", "history_item_id")

    @pa.dataframe_check(error="contributions fall along the ranks 1, 2, 3, ... of a pair")
    def contributions_fall(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare each rank with its place, and each contribution with the one before."""
        pair = ["cutoff_at", "user_id", "item_id"]
        ordered = frame.sort_values([*pair, "contribution_rank"])
        groups = ordered.groupby(pair, sort=False)
        places = groups.cumcount() + 1
        steps = groups["contribution"].diff().fillna(0)
        return bool((places == ordered["contribution_rank"]).all() and (steps <= 0).all())
