"""The models in pandas."""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.speed.sql import CUTOFF

# A block's pairs fit in memory; those of all users would not.
BLOCK_USERS = 50_000


def run(query: str, folder: Path, result: str, threads: int) -> float:
    """Compute a model; pandas has one thread, whatever is asked for."""
    del threads
    started = time.perf_counter()
    {"features": _features, "candidates": _candidates}[query](folder).to_parquet(result)
    return time.perf_counter() - started


def _features(folder: Path) -> pd.DataFrame:
    rows = pd.read_parquet(folder / "int_interactions.parquet")
    cutoff = pd.Timestamp(CUTOFF)
    rows = rows[rows["known_at"] < cutoff].sort_values(
        ["user_id", "interacted_at", "interaction_id"]
    )
    gap = rows["interacted_at"].groupby(rows["user_id"], sort=False).diff()
    age = cutoff - rows["interacted_at"]
    positive = rows["role"] == "positive"
    recent = {days: age <= pd.Timedelta(days=days) for days in (7, 28, 84)}
    session = ~(gap <= pd.Timedelta(minutes=30))
    flags = pd.DataFrame(
        {
            "user_id": rows["user_id"],
            "interaction_count": 1,
            "interaction_count_7d": recent[7],
            "interaction_count_28d": recent[28],
            "positive_count": positive,
            "positive_count_28d": positive & recent[28],
            "positive_count_84d": positive & recent[84],
            "session_count": session,
            "session_count_28d": session & recent[28],
            "session_count_84d": session & recent[84],
        }
    )
    found = flags.groupby("user_id").sum().astype(np.int64)
    users = rows["user_id"]
    found["item_count"] = rows.groupby("user_id")["item_id"].nunique()
    found["item_count_28d"] = (
        rows["item_id"].where(recent[28]).groupby(users).nunique().reindex(found.index)
    )
    found["active_day_count"] = rows["interacted_at"].dt.date.groupby(users).nunique()
    days = age.dt.total_seconds() / 86_400
    found["days_since_last"] = days.groupby(users).min()
    found["days_since_first"] = days.groupby(users).max()
    found["interactions_per_item"] = found["interaction_count"] / found["item_count"]
    found["days_between_sessions"] = (found["days_since_first"] - found["days_since_last"]) / (
        found["session_count"] - 1
    ).replace(0, np.nan)
    logs = np.log1p(rows["value"].abs()).where(positive)
    found["value_log_mean"] = logs.groupby(users).mean().round(9)
    return found.reset_index()


def _candidates(folder: Path) -> pd.DataFrame:
    rows = pd.read_parquet(folder / "int_user_histories.parquet")
    rows = rows[~rows["is_bot"]].drop(columns=["is_bot", "cutoff_at"])
    users, items = rows["user_id"].astype("category"), rows["item_id"].astype("category")
    names = items.cat.categories
    rows = rows.assign(user_id=users.cat.codes, item_id=items.cat.codes)
    parts = []
    for start in range(0, len(users.cat.categories), BLOCK_USERS):
        own = rows[rows["user_id"].between(start, start + BLOCK_USERS - 1)]
        parts.append(_pair_weights(own))
    summed = pd.concat(parts).groupby(["first", "second"], as_index=False).sum()
    summed = summed[summed["support"] >= 2]
    columns = ["item_id", "neighbour_item_id", "support", "weight"]
    pairs = pd.concat(
        [
            summed[["first", "second", "support", "ascending"]].set_axis(columns, axis=1),
            summed[["second", "first", "support", "descending"]].set_axis(columns, axis=1),
        ]
    )
    length = np.log(2 + rows["history_length"]) ** 2
    weights = (0.5 ** (rows["age_days"] / 30) / length).groupby(rows["item_id"]).sum()
    pairs["candidate_score"] = (
        pairs["weight"]
        / pairs["item_id"].map(weights) ** 0.3
        / pairs["neighbour_item_id"].map(weights) ** 0.4
    ).round(9)
    pairs["item_id"] = names[pairs["item_id"]]
    pairs["neighbour_item_id"] = names[pairs["neighbour_item_id"]]
    pairs = pairs.sort_values(
        ["item_id", "candidate_score", "neighbour_item_id"], ascending=[True, False, True]
    )
    pairs["neighbour_rank"] = pairs.groupby("item_id").cumcount() + 1
    return pairs[pairs["neighbour_rank"] <= 100].drop(columns="weight").reset_index(drop=True)


def _pair_weights(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum the pairs of some users."""
    pairs = rows.merge(rows, on="user_id", suffixes=("", "_later"))
    pairs = pairs[(pairs["history_position"] - pairs["history_position_later"]).between(1, 25)]
    forward = (
        0.5 ** ((pairs["age_days"] - pairs["age_days_later"]).abs() / 14)
        * 0.5 ** (np.minimum(pairs["age_days"], pairs["age_days_later"]) / 30)
        / np.log(2 + pairs["history_length"]) ** 2
    )
    is_later = pairs["last_interacted_at"] < pairs["last_interacted_at_later"]
    backward = forward * np.where(is_later, 0.7, 1.0)
    is_ascending = pairs["item_id"] < pairs["item_id_later"]
    frame = pd.DataFrame(
        {
            "first": np.minimum(pairs["item_id"], pairs["item_id_later"]),
            "second": np.maximum(pairs["item_id"], pairs["item_id_later"]),
            "support": 1,
            "ascending": np.where(is_ascending, forward, backward),
            "descending": np.where(is_ascending, backward, forward),
        }
    )
    return frame.groupby(["first", "second"], as_index=False).sum()
