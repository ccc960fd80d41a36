-- Of those who came for the first time in one week, how many come again in each later week. Weeks
-- start on Monday, UTC.
with

log_ends as (

    select observed_until from {{ ref('int_log_end') }}

),

interactions as (

    select
        user_id,
        interacted_at

    from {{ ref('int_interactions') }}

),

active_weeks as (

    select distinct
        interactions.user_id,
        date_trunc('week', interactions.interacted_at) as active_week

    from interactions

    inner join log_ends
        on interactions.interacted_at < log_ends.observed_until

),

first_weeks as (

    select
        user_id,
        min(active_week) as cohort_week

    from active_weeks

    group by user_id

),

sizes as (

    select
        cohort_week,
        count(*) as user_count

    from first_weeks

    group by cohort_week

),

-- A week that is not over, or of which rows may still come late, would look like a loss of users.
weeks as (

    select
        sizes.cohort_week,
        sizes.user_count,
        week_numbers.generate_series as week_number

    from sizes

    cross join log_ends

    cross join generate_series(0, 52) as week_numbers

    where
        sizes.cohort_week + to_days(cast(7 * (week_numbers.generate_series + 1) as integer))
        <= log_ends.observed_until - {{ var("experiment_lateness_days") }} * interval 1 day

),

returned as (

    select
        first_weeks.cohort_week,
        datediff('day', first_weeks.cohort_week, active_weeks.active_week) // 7 as week_number,
        count(*) as active_count

    from active_weeks

    inner join first_weeks
        on active_weeks.user_id = first_weeks.user_id

    group by all

),

final as (

    select
        cast(weeks.week_number as integer) as week_number,
        cast(weeks.user_count as bigint) as user_count,
        cast(coalesce(returned.active_count, 0) as bigint) as active_count,
        cast(
            coalesce(returned.active_count, 0) / cast(weeks.user_count as double) as double
        ) as retained_share,
        cast(weeks.cohort_week as date) as cohort_week

    from weeks

    left join returned
        on
            weeks.cohort_week = returned.cohort_week
            and weeks.week_number = returned.week_number

)

select * from final
