"""When the pairs of a fixed split happen in the log of three days that it becomes.

A split may say when its pairs happened (`event_ts` or `occurred_at`). Then their order is kept, and
what was newest teaches the ranker, as it is the newest that the test asks for. There are two kinds:
the test comes after all training (one moment parts them), or after each user's own training (the
last pair of a user is left out), and then a user's past is told from the user's own end, for the
calendar says nothing of what the test will know.
"""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.dbt_macros import dbt_macro
from orchestration.settings import PROJECT_ROOT

MOMENTS = ("event_ts", "occurred_at")
TRAIN, VALIDATION, TEST = (f"timestamp '2000-01-0{day} 12:00:00'" for day in (1, 2, 3))
# Of the pairs to train on: to choose by, where the split has no validation part of its own, and to
# teach the ranker with.
VALIDATION_SHARE = 0.1
# All pairs of a part happen at one moment, so by default whole histories count, and no pair is
# older than another. A window would keep the items with the largest ids.
NO_LIMIT, AGELESS_DAYS = 1_000_000, 1e18
TIMELESS: dict[str, float | int | bool | str] = {
    "history_items": NO_LIMIT,
    "history_half_life_days": AGELESS_DAYS,
    "covisitation_window": NO_LIMIT,
    "covisitation_backward_weight": 1.0,
    "covisitation_distance_power": 0.0,
    "covisitation_gap_half_life_days": AGELESS_DAYS,
    "covisitation_age_half_life_days": AGELESS_DAYS,
    "popularity_half_life_days": AGELESS_DAYS,
}


@dataclass(frozen=True)
class SplitTimes:
    """What is known of the times of a split.

    Attributes
    ----------
    sql : dict
        Variables of dbt that suit them, where no reviewed settings say otherwise.
    is_timed : bool
        Whether pairs have times.
    is_from_own_end : bool
        Whether a user's pairs are told from the user's own end, not by one calendar for all.
    days_a_step : float
        That pass from one pair of a user to the next, but 1 at least. They become one day, for
        which the half-lives of the product are made.
    note : str
        What a reader should know; empty for a split without times.
    """

    sql: dict[str, float | int | bool | str] = field(default_factory=lambda: {**TIMELESS})
    is_timed: bool = False
    is_from_own_end: bool = False
    days_a_step: float = 1.0
    note: str = ""


def moment_column(columns: set[str]) -> str | None:
    """Return which column says when a pair happened."""
    return next((name for name in MOMENTS if name in columns), None)


def moment_in_sql(column: str) -> str:
    """Return SQL that reads a column as the product would."""
    return dbt_macro("utc_timestamp", PROJECT_ROOT)(f"cast({column} as varchar)", "UTC")


def tell_times(connection: duckdb.DuckDBPyConnection, events: Path) -> SplitTimes:
    """Give the table `pairs` the column `is_taught`: which training pairs teach the ranker.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With `pairs`: `user_id, item_id, part, told_at`, the last of them null in a split without
        times.
    events : Path
        Where they are from, for messages.

    Returns
    -------
    SplitTimes
        `pairs.told_at` is null in all rows afterwards, unless none had been.
    """
    rows, untold, train_until, test_from = connection.execute(
        """
        select
            count(*),
            count(*) filter (where told_at is null),
            max(told_at) filter (where part = 'train'),
            min(told_at) filter (where part = 'test')
        from pairs
        """
    ).fetchall()[0]
    if untold:
        by_chance = (
            "(md5_number_lower(user_id || ' ' || item_id) % 1000000) / 1000000.0 "
            f"< {VALIDATION_SHARE}"
        )
        _teach(connection, f"select *, {by_chance} as is_taught from pairs")
        if untold == rows:
            return SplitTimes()
        connection.execute("update pairs set told_at = null")
        told = f"{untold:,} of {rows:,} rows of {events.name} say no time, so none was used."
        return SplitTimes(note=told)
    is_one_moment = train_until <= test_from
    ranked = "percent_rank() over (partition by part order by told_at, user_id, item_id)"
    newest = f"{ranked} >= {1 - VALIDATION_SHARE}"
    if not is_one_moment:
        within = "partition by user_id, part order by told_at desc, item_id"
        # Of a user with one pair nothing would be left to foretell it from.
        newest = (
            f"row_number() over ({within}) = 1 and count(*) over (partition by user_id, part) > 1"
        )
    _teach(connection, f"select *, {newest} as is_taught from pairs")
    step = max(1.0, _median_step(connection))
    # Windows of a day before the training pairs end have next to nothing to teach.
    sql: dict[str, float | int | bool | str] = {"training_cutoffs": 1}
    kind = "after all training" if is_one_moment else "after each user's training"
    note = (
        f"The pairs have times, and the test lies {kind}: the newest training pairs teach the "
        f"ranker, and {step:.3g} days (the median from one pair of a user to the next, or one) "
        "count as a day."
    )
    return SplitTimes(
        sql, is_timed=True, is_from_own_end=not is_one_moment, days_a_step=step, note=note
    )


def moment_of_pair(is_second: str, times: SplitTimes) -> str:
    """Return SQL for when a pair of `pairs` happens, in a log of three days.

    Parameters
    ----------
    is_second : str
        SQL that says of a pair that is no test pair whether it happens on the second day.
    times : SplitTimes
        Of the split.
    """
    first = f"part != 'test' and not ({is_second})"
    second = f"part != 'test' and ({is_second})"
    # Within the second day only the order is kept, for the times of the rest end on the first.
    place = f"percent_rank() over (partition by {second} order by told_at, user_id, item_id)"
    end = "partition by user_id" if times.is_from_own_end else ""
    return f"""
        case
            when part = 'test' then {TEST}
            when told_at is null then case when {is_second} then {VALIDATION} else {TRAIN} end
            when {is_second} then {VALIDATION} - to_seconds((1 - {place}) * 3600)
            else {TRAIN} - to_seconds(
                epoch(max(told_at) filter (where {first}) over ({end}) - told_at)
                / {times.days_a_step}
            )
        end
    """


def _teach(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    connection.execute(f"create or replace table pairs as {query}")


def _median_step(connection: duckdb.DuckDBPyConnection) -> float:
    """Return the days from one training pair of a user to the next: the median of those > 0."""
    (days,) = connection.execute(
        """
        with steps as (
            select
                epoch(told_at - lag(told_at) over (partition by user_id order by told_at)) / 86400.0
                as days
            from pairs
            where part = 'train'
        )
        select median(days) from steps where days > 0
        """
    ).fetchall()[0]
    return 1.0 if days is None else float(days)
