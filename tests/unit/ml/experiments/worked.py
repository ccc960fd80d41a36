"""Experiments whose sums can be worked out by hand."""

import numpy as np
import pandas as pd

from ml.experiments.decisions import experiment_decisions
from ml.experiments.moments import COLUMNS, sums_of_users
from ml.experiments.results import experiment_results
from ml.experiments.schemas import (
    ExperimentDecisions,
    ExperimentResults,
)

METRICS = pd.DataFrame(
    {
        "metric": ["d7_return", "revenue", "negative_events", "error_share"],
        "title": ["Back on day 7", "Revenue", "Dislikes", "Faulty lists"],
        "unit": ["share", "money", "events", "share"],
        "better": ["up", "up", "down", "down"],
        "window_until_days": [8, 7, 7, 7],
    }
)
DAY = pd.Timestamp("2026-01-01")


def values(ones: int, users: int) -> np.ndarray:
    """Return so many ones among so many users."""
    return np.repeat([1.0, 0.0], [ones, users - ones])


def sums(
    arms: dict[str, np.ndarray],
    metric: str = "d7_return",
    denominators: np.ndarray | None = None,
    **cells: object,
) -> pd.DataFrame:
    """Add up the users of each arm as SQL does, one day of one slice; denominators are ones."""
    rows = []
    for variant, users in arms.items():
        numbers = sums_of_users(
            users, np.ones(1) if denominators is None else denominators, np.zeros(1)
        )
        row = {"experiment_id": "e", "variant": variant, "metric": metric, "slice_name": "all"}
        row |= {"slice": "all", "exposed_date": DAY, "exposed_count": len(users)}
        rows.append(row | dict(zip(COLUMNS, numbers, strict=True)) | cells)
    return pd.DataFrame(rows)


def arms(control: int = 1000, treated: int = 1000, share: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "experiment_id": "e",
            "variant": ["old", "new"],
            "serves": ["popular", "live"],
            "variant_number": [1, 2],
            "share": [1 - share, share],
            "user_count": [control, treated],
            "two_variants_count": 0,
            "bot_count": 0,
            "is_control": [True, False],
        }
    )


def checks(**changes: object) -> pd.DataFrame:
    row = {
        "experiment_id": "e",
        "exposed_count": 2000,
        "user_count": 2000,
        "unknown_variant_count": 0,
        "missing_day_count": 0,
        "naming_count": 500,
        "join_rate": 0.99,
        "naming_share": 0.6,
        "join_window_hours": 24.0,
        "late_share": 0.0,
        "lateness_days": 1.0,
        "expected_user_count": 2000.0,
        "observed_until": pd.Timestamp("2026-03-01"),
    }
    return pd.DataFrame([row | changes])


def experiments(guardrails: str = "", **changes: object) -> pd.DataFrame:
    row = {
        "experiment_id": "e",
        "primary_metric": "d7_return",
        "guardrails": guardrails,
        "ends_at": pd.Timestamp("2026-02-01"),
    }
    return pd.DataFrame([row | changes])


def decided(frame: pd.DataFrame, *, guardrails: str = "", **changes: object) -> pd.DataFrame:
    """Decide with both arms of the right size unless `changes` of the checks say otherwise."""
    own, check = arms(), checks(**changes)
    results = ExperimentResults.validate(experiment_results(frame, own, check, experiments()))
    found = ExperimentDecisions.validate(
        experiment_decisions(experiments(guardrails), check, own, METRICS, results)
    )
    # Words are whole sentences, whatever they are put together from.
    assert found["words"].str.fullmatch(r".*[^.]\.").all()
    return found


def verdict(decisions: pd.DataFrame) -> tuple[str, str]:
    last = decisions.loc[decisions["step"] == "verdict"].iloc[0]
    return last["verdict"], last["words"]


BETTER = sums({"old": values(300, 1000), "new": values(400, 1000)})
SAME = sums({"old": values(300, 1000), "new": values(310, 1000)})
WORSE = sums({"old": values(400, 1000), "new": values(300, 1000)})
