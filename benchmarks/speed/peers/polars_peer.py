"""The models in polars, as lazy queries on its streaming engine."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from benchmarks.speed.sql import CUTOFF


def run(query: str, folder: Path, result: str, threads: int) -> float:
    """Compute a model; the number of threads is set by POLARS_MAX_THREADS before the import."""
    del threads
    started = time.perf_counter()
    {"features": _features, "candidates": _candidates}[query](folder).collect(
        engine="streaming"
    ).write_parquet(result)
    return time.perf_counter() - started


def _features(folder: Path) -> pl.LazyFrame:
    cutoff = pl.lit(datetime.fromisoformat(CUTOFF))
    at, item = pl.col("interacted_at"), pl.col("item_id")
    positive = pl.col("role") == "positive"
    recent = {days: at >= cutoff - timedelta(days=days) for days in (7, 28, 84)}
    started = pl.col("is_start")
    days = (cutoff - at).dt.total_microseconds() / 86_400e6
    return (
        pl.scan_parquet(folder / "int_interactions.parquet")
        .filter(pl.col("known_at") < cutoff)
        .sort("user_id", "interacted_at", "interaction_id")
        .with_columns(
            (
                (at - at.shift(1) > timedelta(minutes=30))
                | (pl.col("user_id") != pl.col("user_id").shift(1))
            )
            .fill_null(value=True)
            .alias("is_start")
        )
        .group_by("user_id")
        .agg(
            pl.len().alias("interaction_count"),
            recent[7].sum().alias("interaction_count_7d"),
            recent[28].sum().alias("interaction_count_28d"),
            positive.sum().alias("positive_count"),
            (positive & recent[28]).sum().alias("positive_count_28d"),
            (positive & recent[84]).sum().alias("positive_count_84d"),
            item.n_unique().alias("item_count"),
            item.filter(recent[28]).n_unique().alias("item_count_28d"),
            started.sum().alias("session_count"),
            (started & recent[28]).sum().alias("session_count_28d"),
            (started & recent[84]).sum().alias("session_count_84d"),
            at.dt.date().n_unique().alias("active_day_count"),
            days.min().alias("days_since_last"),
            days.max().alias("days_since_first"),
            (1 + pl.col("value").abs())
            .log()
            .filter(positive)
            .mean()
            .round(9)
            .alias("value_log_mean"),
        )
        .with_columns(
            (pl.col("interaction_count") / pl.col("item_count")).alias("interactions_per_item"),
            (
                (pl.col("days_since_first") - pl.col("days_since_last"))
                / pl.when(pl.col("session_count") > 1).then(pl.col("session_count") - 1.0)
            ).alias("days_between_sessions"),
        )
    )


def _candidates(folder: Path) -> pl.LazyFrame:
    rows = pl.scan_parquet(folder / "int_user_histories.parquet").filter(~pl.col("is_bot"))
    rows = rows.drop("is_bot", "cutoff_at")
    other = {
        name: pl.col(f"{name}_right")
        for name in ("item_id", "history_position", "last_interacted_at", "age_days")
    }
    length = (2 + pl.col("history_length")).log().pow(2)
    item, age = pl.col("item_id"), pl.col("age_days")
    position = pl.col("history_position").cast(pl.Int64)
    steps = position - other["history_position"].cast(pl.Int64)
    forward = (
        (0.5 ** ((age - other["age_days"]).abs() / 14))
        * (0.5 ** (pl.min_horizontal(age, other["age_days"]) / 30))
        / length
    )
    is_later = pl.col("last_interacted_at") < other["last_interacted_at"]
    backward = forward * pl.when(is_later).then(0.7).otherwise(1.0)
    is_ascending = item < other["item_id"]
    summed = (
        rows.join(rows, on="user_id")
        .filter((steps >= 1) & (steps <= 25))
        .group_by(
            pl.when(is_ascending).then(item).otherwise(other["item_id"]).alias("first"),
            pl.when(is_ascending).then(other["item_id"]).otherwise(item).alias("second"),
        )
        .agg(
            pl.len().alias("support"),
            pl.when(is_ascending).then(forward).otherwise(backward).sum().alias("ascending"),
            pl.when(is_ascending).then(backward).otherwise(forward).sum().alias("descending"),
        )
        .filter(pl.col("support") >= 2)
    )
    pairs = pl.concat(
        summed.select(
            pl.col(own).alias("item_id"),
            pl.col(neighbour).alias("neighbour_item_id"),
            "support",
            pl.col(weight).alias("weight"),
        )
        for own, neighbour, weight in (
            ("first", "second", "ascending"),
            ("second", "first", "descending"),
        )
    )
    weights = rows.group_by("item_id").agg(
        ((0.5 ** (age / 30)) / length).sum().alias("item_weight")
    )
    score = pl.col("weight") / pl.col("item_weight").pow(0.3) / pl.col("item_weight_right").pow(0.4)
    return (
        pairs.join(weights, on="item_id")
        .join(weights, left_on="neighbour_item_id", right_on="item_id")
        .with_columns(score.round(9).alias("candidate_score"))
        .sort("item_id", "candidate_score", "neighbour_item_id", descending=[False, True, False])
        .with_columns((pl.int_range(pl.len()).over("item_id") + 1).alias("neighbour_rank"))
        .filter(pl.col("neighbour_rank") <= 100)
        .select("item_id", "neighbour_item_id", "neighbour_rank", "support", "candidate_score")
    )
