"""Frames that cross from Python into the warehouse: the tables of schema `ml`."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

LARGEST = float(np.finfo(np.float64).max)
LARGEST_SINGLE = float(np.finfo(np.float32).max)


class Candidates(pa.DataFrameModel):
    """Items proposed by matrix factorisation.

    Grain: one row per `cutoff_at`, `user_id` and `item_id`.
    """

    cutoff_at: np.datetime64 = pa.Field(coerce=True)
    user_id: str = pa.Field(str_length={"min_value": 1})
    item_id: str = pa.Field(str_length={"min_value": 1})
    candidate_rank: np.int64 = pa.Field(ge=1)
    candidate_score: np.float32 = pa.Field(ge=-LARGEST_SINGLE, le=LARGEST_SINGLE)

    class Config:
        """Exactly these columns, a pair once per cutoff."""

        strict = True
        unique = ("cutoff_at", "user_id", "item_id")

    @pa.dataframe_check(error="ranks of a list run 1, 2, 3, ... without gaps")
    def ranks_have_no_gaps(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare the ranks of a list with its length."""
        return _have_no_gaps(frame, "candidate_rank")

    @pa.dataframe_check(error="candidate_score never rises along a list")
    def scores_fall(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare each score with the one before it."""
        return _fall(frame, "candidate_rank", "candidate_score")


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


class RankedCandidates(pa.DataFrameModel):
    """Candidates of all sources in the order of the ranker.

    Grain: one row per `cutoff_at`, `user_id` and `item_id`. `score` is the
    calibrated probability that the user takes the item in the label window.
    """

    cutoff_at: np.datetime64 = pa.Field(coerce=True)
    user_id: str = pa.Field(str_length={"min_value": 1})
    item_id: str = pa.Field(str_length={"min_value": 1})
    source: str = pa.Field(str_length={"min_value": 1})
    evidence_item_id: str = pa.Field(nullable=True)
    release_id: str = pa.Field(str_length={"min_value": 1})
    ranked_position: np.int64 = pa.Field(ge=1)
    score: np.float64 = pa.Field(ge=0.0, le=1.0)
    is_seen: bool

    class Config:
        """Exactly these columns, a pair once per cutoff."""

        strict = True
        unique = ("cutoff_at", "user_id", "item_id")

    @pa.dataframe_check(error="ranks of a list run 1, 2, 3, ... without gaps")
    def ranks_have_no_gaps(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare the ranks of a list with its length."""
        return _have_no_gaps(frame, "ranked_position")

    @pa.dataframe_check(error="score never rises along a list")
    def scores_fall(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare each score with the one before it; a calibrated score may tie."""
        return _fall(frame, "ranked_position", "score")


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


class ContentNeighbours(pa.DataFrameModel):
    """Items whose content is like that of an item without neighbours by co-visitation.

    Grain: one row per `item_id` and `neighbour_rank`.
    """

    item_id: str = pa.Field(str_length={"min_value": 1})
    neighbour_item_id: str = pa.Field(str_length={"min_value": 1})
    neighbour_rank: np.int64 = pa.Field(ge=1)
    similarity: np.float64 = pa.Field(gt=0.0, le=1.0)

    class Config:
        """Exactly these columns, a neighbour and a rank once per item."""

        strict = True
        unique = ("item_id", "neighbour_rank")

    @pa.dataframe_check(error="an item is no neighbour of itself")
    def differ(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Compare the two items."""
        return frame["item_id"] != frame["neighbour_item_id"]


class DiversePositions(pa.DataFrameModel):
    """The best candidates of the ranker in an order whose items differ.

    Grain: one row per `cutoff_at`, `trade_off`, `user_id` and `item_id`.
    """

    cutoff_at: np.datetime64 = pa.Field(coerce=True)
    trade_off: np.float64 = pa.Field(ge=0.0, le=1.0)
    user_id: str = pa.Field(str_length={"min_value": 1})
    item_id: str = pa.Field(str_length={"min_value": 1})
    diverse_position: np.int64 = pa.Field(ge=1)

    class Config:
        """Exactly these columns, an item and a position once per list."""

        strict = True
        unique = ("cutoff_at", "trade_off", "user_id", "item_id")

    @pa.dataframe_check(error="positions of a list run 1, 2, 3, ... without gaps")
    def positions_have_no_gaps(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare the positions of a list with its length."""
        lists = frame.assign(user_id=frame["user_id"] + " " + frame["trade_off"].astype(str))
        return _have_no_gaps(lists, "diverse_position")


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
    part: str = pa.Field(isin=("sql", "als", "ranker"))
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


def _have_no_gaps(frame: pd.DataFrame, rank: str) -> bool:
    """Whether the ranks of every list run 1, 2, 3, ..., each once."""
    ranks = frame.groupby(["cutoff_at", "user_id"], sort=False)[rank]
    sizes = ranks.size()
    return bool(((ranks.max() == sizes) & (ranks.nunique() == sizes)).all())


def _fall(frame: pd.DataFrame, rank: str, score: str) -> bool:
    """Whether no item of a list has a higher score than the one before it."""
    ordered = frame.sort_values(["cutoff_at", "user_id", rank])
    steps = ordered.groupby(["cutoff_at", "user_id"], sort=False)[score].diff()
    # Interpolated probabilities may rise by a rounding error.
    return bool((steps.fillna(0) <= 1e-9).all())
