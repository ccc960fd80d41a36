"""The models in Spark SQL, on local threads."""

import time
from pathlib import Path

import duckdb

from benchmarks.speed.spark import local_session
from benchmarks.speed.sql import CUTOFF

# The logic of the models is repeated, not shared: a peer is what somebody would write for Spark, in
# its dialect, and the benchmark counts the rows that differ.
FEATURES = f"""
    with known as (
        select
            *,
            timestamp '{CUTOFF}' as feature_at,
            lag(interacted_at) over (
                partition by user_id order by interacted_at, interaction_id
            ) as previous_at
        from int_interactions
        where known_at < timestamp '{CUTOFF}'
    ),
    flagged as (
        select
            *,
            interacted_at >= feature_at - interval 7 day as is_7d,
            interacted_at >= feature_at - interval 28 day as is_28d,
            interacted_at >= feature_at - interval 84 day as is_84d,
            role = 'positive' as is_positive,
            coalesce(interacted_at - previous_at > interval 30 minute, true) as is_session_start,
            (unix_micros(feature_at) - unix_micros(interacted_at)) / 86400e6 as age_days
        from known
    ),
    summed as (
        select
            user_id,
            count(*) as interaction_count,
            count(*) filter (where is_7d) as interaction_count_7d,
            count(*) filter (where is_28d) as interaction_count_28d,
            count(*) filter (where is_positive) as positive_count,
            count(*) filter (where is_positive and is_28d) as positive_count_28d,
            count(*) filter (where is_positive and is_84d) as positive_count_84d,
            count(distinct item_id) as item_count,
            count(distinct item_id) filter (where is_28d) as item_count_28d,
            count(*) filter (where is_session_start) as session_count,
            count(*) filter (where is_session_start and is_28d) as session_count_28d,
            count(*) filter (where is_session_start and is_84d) as session_count_84d,
            count(distinct cast(interacted_at as date)) as active_day_count,
            min(age_days) as days_since_last,
            max(age_days) as days_since_first,
            round(avg(ln(1 + abs(value))) filter (where is_positive), 9) as value_log_mean
        from flagged
        group by user_id
    )
    select
        *,
        interaction_count / item_count as interactions_per_item,
        (days_since_first - days_since_last) / nullif(session_count - 1, 0) as days_between_sessions
    from summed
"""
CANDIDATES = """
    with histories as (
        select * from int_user_histories where not is_bot
    ),
    met as (
        select
            a.item_id < b.item_id as is_ascending,
            a.item_id as earlier_item_id,
            b.item_id as later_item_id,
            if(a.last_interacted_at < b.last_interacted_at, 0.7D, 1.0D) as backward,
            pow(0.5D, abs(a.age_days - b.age_days) / 14)
            * pow(0.5D, least(a.age_days, b.age_days) / 30)
            / pow(ln(2 + a.history_length), 2) as forward_weight
        from histories as a
        inner join histories as b
            on
                a.user_id = b.user_id
                and a.history_position - b.history_position between 1 and 25
    ),
    summed as (
        select
            least(earlier_item_id, later_item_id) as first_item_id,
            greatest(earlier_item_id, later_item_id) as second_item_id,
            count(*) as support,
            sum(forward_weight * if(is_ascending, 1.0D, backward)) as ascending_weight,
            sum(forward_weight * if(is_ascending, backward, 1.0D)) as descending_weight
        from met
        group by 1, 2
        having count(*) >= 2
    ),
    pairs as (
        select
            support,
            if(is_ascending, first_item_id, second_item_id) as item_id,
            if(is_ascending, second_item_id, first_item_id) as neighbour_item_id,
            if(is_ascending, ascending_weight, descending_weight) as pair_weight
        from summed
        lateral view explode(array(true, false)) directions as is_ascending
    ),
    weights as (
        select
            item_id,
            sum(pow(0.5D, age_days / 30) / pow(ln(2 + history_length), 2)) as item_weight
        from histories
        group by item_id
    ),
    scored as (
        select
            pairs.item_id,
            pairs.neighbour_item_id,
            pairs.support,
            round(
                pairs.pair_weight / pow(own.item_weight, 0.3D) / pow(other.item_weight, 0.4D), 9
            ) as candidate_score
        from pairs
        inner join weights as own on pairs.item_id = own.item_id
        inner join weights as other on pairs.neighbour_item_id = other.item_id
    ),
    ranked as (
        select
            *,
            row_number() over (
                partition by item_id order by candidate_score desc, neighbour_item_id
            ) as neighbour_rank
        from scored
    )
    select * from ranked where neighbour_rank <= 100
"""


def run(query: str, folder: Path, result: str, threads: int) -> float:
    """Compute a model; the session is open before the clock starts."""
    with local_session(threads) as session:
        started = time.perf_counter()
        for table in ("int_interactions", "int_user_histories"):
            session.read.parquet(str(folder / f"{table}.parquet")).createOrReplaceTempView(table)
        rows = session.sql({"features": FEATURES, "candidates": CANDIDATES}[query])
        rows.write.mode("overwrite").parquet(f"{result}.parts")
        seconds = time.perf_counter() - started
    # One file, like the others; in Spark it would be the work of one thread.
    with duckdb.connect() as connection:
        connection.execute(f"copy (from '{result}.parts/*.parquet') to '{result}'")
    return seconds
