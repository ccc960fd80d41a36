-- What must be known before a result is believed: gaps in the log, unknown arms, late rows, and
-- which share of the interactions that name a list find the impression.
with

log_ends as (

    select observed_until from {{ ref('int_log_end') }}

),

experiments as (

    select
        experiment_id,
        written_in,
        starts_at,
        ends_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

exposures as (

    select
        experiment_id,
        set_aside_reason

    from {{ ref('exp_exposures') }}

),

log_gaps as (

    select
        experiment_id,
        missing_day_count,
        naming_count,
        join_rate,
        naming_share,
        join_window_hours,
        late_share

    from {{ ref('exp_log_gaps') }}

),

expected_users as (

    select
        experiment_id,
        expected_user_count

    from {{ ref('exp_expected_users') }}

),

counted as (

    select
        experiment_id,
        count(*) as exposed_count,
        count(*) filter (where set_aside_reason is null) as user_count,
        count(*) filter (where set_aside_reason = 'unknown_variant') as unknown_variant_count

    from exposures

    group by experiment_id

),

final as (

    select
        experiments.experiment_id,
        experiments.written_in,
        cast(coalesce(counted.exposed_count, 0) as bigint) as exposed_count,
        cast(coalesce(counted.user_count, 0) as bigint) as user_count,
        cast(coalesce(counted.unknown_variant_count, 0) as bigint) as unknown_variant_count,
        log_gaps.missing_day_count,
        log_gaps.naming_count,
        log_gaps.join_rate,
        log_gaps.naming_share,
        log_gaps.join_window_hours,
        expected_users.expected_user_count,
        log_gaps.late_share,
        cast({{ var("experiment_lateness_days") }} as double) as lateness_days,
        cast(experiments.starts_at as timestamp) as starts_at,
        cast(experiments.ends_at as timestamp) as ends_at,
        cast(log_ends.observed_until as timestamp) as observed_until

    from experiments

    inner join log_gaps
        on experiments.experiment_id = log_gaps.experiment_id

    left join counted
        on experiments.experiment_id = counted.experiment_id

    inner join expected_users
        on experiments.experiment_id = expected_users.experiment_id

    cross join log_ends

)

select * from final
