"""Tables of the ranker: whether it orders, how it is built, what it rests on."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from ml.schemas.finite import LARGEST


class RankerChoices(pa.DataFrameModel):
    """What candidates are ordered by, and what they could have been ordered by.

    Grain: one row per `role` (the cutoff that is ordered) and `contender`. `lead` is what the
    ranker's mean is above the contender's, null for itself.
    """

    role: str = pa.Field(isin=("evaluate", "serve"))
    contender: str = pa.Field(str_length={"min_value": 1})
    ndcg_10: np.float64 = pa.Field(nullable=True, ge=0.0, le=1.0)
    lead: np.float64 = pa.Field(nullable=True, ge=-1.0, le=1.0)
    lower: np.float64 = pa.Field(nullable=True, ge=-1.0, le=1.0)
    upper: np.float64 = pa.Field(nullable=True, ge=-1.0, le=1.0)
    user_count: np.int64 = pa.Field(ge=0)
    is_chosen: bool
    reason: str = pa.Field(str_length={"min_value": 1})

    class Config:
        """Exactly these columns, a contender once per role."""

        strict = True
        unique = ("role", "contender")


class RankerMetrics(pa.DataFrameModel):
    """How well the ranker's probabilities hold at the evaluated cutoff.

    Grain: one row per `name`.
    """

    name: str = pa.Field(unique=True, str_length={"min_value": 1})
    value: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)

    class Config:
        """Exactly these columns."""

        strict = True


class RankerImportances(pa.DataFrameModel):
    """What the ranker rests on.

    Grain: one row per `feature`. `importance` is how much worse it gets when
    the feature is shuffled, negative where that helped by chance;
    `mean_absolute_shap` is how far the feature moves a score.
    """

    feature: str = pa.Field(unique=True, str_length={"min_value": 1})
    importance: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    mean_absolute_shap: np.float64 = pa.Field(ge=0.0, le=LARGEST)

    class Config:
        """Exactly these columns."""

        strict = True


class Rankers(pa.DataFrameModel):
    """The ranker of the release, apart from its trees.

    Grain: one row; none where nobody ever took a candidate.
    """

    release_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    base_score: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    features: object
    calibration_method: str = pa.Field(isin=("isotonic", "sigmoid", "prior"))
    calibration_slope: np.float64 = pa.Field(ge=0.0, le=LARGEST)
    calibration_intercept: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    calibration_raw_scores: object
    calibration_probabilities: object

    class Config:
        """Exactly these columns."""

        strict = True


class RankerTrees(pa.DataFrameModel):
    """The trees of the release's ranker, node by node.

    Grain: one row per `tree` and `node`. A leaf has a value and nothing of a
    split; an inner node has a split.
    """

    tree: np.int64 = pa.Field(ge=0)
    node: np.int64 = pa.Field(ge=0)
    feature: str = pa.Field(nullable=True)
    threshold: np.float64 = pa.Field(nullable=True)
    is_missing_left: pd.BooleanDtype = pa.Field(nullable=True, coerce=True)
    left_node: pd.Int64Dtype = pa.Field(nullable=True, coerce=True, ge=1)
    right_node: pd.Int64Dtype = pa.Field(nullable=True, coerce=True, ge=1)
    value: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    row_count: np.int64 = pa.Field(ge=0)

    class Config:
        """Exactly these columns, a node once per tree."""

        strict = True
        unique = ("tree", "node")

    @pa.dataframe_check(error="a node has a whole split or none")
    def splits_are_whole(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare what is missing in the columns of a split."""
        split = frame[["feature", "threshold", "is_missing_left", "left_node", "right_node"]]
        return bool(split.isna().sum(axis="columns").isin((0, 5)).all())


class RankerEncodings(pa.DataFrameModel):
    """By which numbers the ranker knows the values of attributes.

    Grain: one row per `feature` and `code`. An attribute of numbers has one
    row without a category.
    """

    feature: str = pa.Field(str_length={"min_value": 1})
    category: str = pa.Field(nullable=True, coerce=True)
    code: np.int64 = pa.Field(ge=0)

    class Config:
        """Exactly these columns, a code once per feature."""

        strict = True
        unique = ("feature", "code")


class RankerExplanations(pa.DataFrameModel):
    """What each feature added to the scores of some served rows.

    Grain: one row per `user_id`, `item_id` and `feature`.
    """

    user_id: str = pa.Field(str_length={"min_value": 1})
    item_id: str = pa.Field(str_length={"min_value": 1})
    feature: str = pa.Field(str_length={"min_value": 1})
    value: np.float64 = pa.Field(nullable=True)
    shap_value: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)

    class Config:
        """Exactly these columns, a feature once per pair."""

        strict = True
        unique = ("user_id", "item_id", "feature")
