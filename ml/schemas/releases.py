"""Frames about releases that cross from Python into the warehouse."""

import json

import numpy as np
import pandas as pd
import pandera.pandas as pa

from ml.schemas.finite import LARGEST

ACTIONS = (
    "build",
    "blocked",
    "promote",
    "canary",
    "end_canary",
    "shadow",
    "rollback",
    "adopt",
)


class ReleaseChanges(pa.DataFrameModel):
    """What was done to the releases, in order.

    Grain: one row per `change_number`.
    """

    change_number: np.int64 = pa.Field(ge=1)
    release_id: str = pa.Field(str_length={"min_value": 1})
    action: str = pa.Field(isin=ACTIONS)
    changed_by: str = pa.Field(str_length={"min_value": 1})
    reason: str
    failed_gates: str
    live_release_id: str = pa.Field(nullable=True, coerce=True)
    canary_release_id: str = pa.Field(nullable=True, coerce=True)
    shadow_release_id: str = pa.Field(nullable=True, coerce=True)
    previous_release_id: str = pa.Field(nullable=True, coerce=True)
    version: np.int64 = pa.Field(ge=0)
    canary_percent: np.float64 = pa.Field(nullable=True, ge=0.0, le=100.0)
    is_forced: bool
    changed_at: np.datetime64 = pa.Field(coerce=True)

    class Config:
        """Exactly these columns, a change once."""

        strict = True
        unique = ("change_number",)

    @pa.dataframe_check(error="changes are numbered 1, 2, 3, ... and the version never falls")
    def history_has_no_gap(cls, frame: pd.DataFrame) -> bool:  # noqa: N805
        """Compare the numbers with those of a history that is whole."""
        ordered = frame.sort_values("change_number")
        numbers = np.arange(1, len(frame) + 1)
        is_whole = np.array_equal(ordered["change_number"].to_numpy(), numbers)
        return bool(is_whole and ordered["version"].is_monotonic_increasing)

    @pa.dataframe_check(error="a canary has its share of the users, and nothing else has one")
    def a_canary_has_a_share(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Compare the presence of the share with that of the canary."""
        has_release: pd.Series = frame["canary_release_id"].notna()
        return has_release == frame["canary_percent"].notna()

    @pa.check("failed_gates", error="failed_gates is a JSON list")
    def gates_can_be_read(cls, gates: pd.Series) -> pd.Series:  # noqa: N805
        """Read each list."""
        return gates.map(_is_list).astype(bool)


class ShadowComparisons(pa.DataFrameModel):
    """What a shadow release would have answered, beside what was shown.

    Grain: one row per `shadow_release_id`, `live_release_id`, `metric` and `cutoff`.
    """

    shadow_release_id: str = pa.Field(str_length={"min_value": 1})
    live_release_id: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(str_length={"min_value": 1})
    cutoff: np.int64 = pa.Field(ge=0)
    value: np.float64 = pa.Field(ge=-LARGEST, le=LARGEST)
    request_count: np.int64 = pa.Field(ge=1)
    compared_at: np.datetime64 = pa.Field(coerce=True)

    class Config:
        """Exactly these columns, a measure once."""

        strict = True
        unique = ("shadow_release_id", "live_release_id", "metric", "cutoff")

    @pa.dataframe_check(error="overlap and coverage are shares, in [0, 1]")
    def shares_are_shares(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Look at the measures that are shares."""
        is_share = frame["metric"].isin(("overlap", "live_coverage", "shadow_coverage"))
        return ~is_share | frame["value"].between(0.0, 1.0)


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except json.JSONDecodeError:
        return False
