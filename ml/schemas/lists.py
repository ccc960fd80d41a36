"""Tables of items in an order: proposed, ranked, alike, mixed."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from ml.schemas.finite import LARGEST_SINGLE


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
