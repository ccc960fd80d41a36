-- Of those exposed and not yet back, how many come back on each day. Who was exposed too lately to
-- have lived through a day is not at risk on it.
with

outcomes as (

    select
        experiment_id,
        user_id,
        variant,
        days_to_return,
        observed_days

    from {{ ref('exp_user_outcomes') }}

),

-- The first 24 hours are the visit itself; rows come late.
times as (

    select
        experiment_id,
        variant,
        case when days_to_return is not null then cast(floor(days_to_return) as integer) end
            as returned_on_day,
        cast(floor(observed_days - {{ var("experiment_lateness_days") }}) as integer)
            as followed_days

    from outcomes

),

days as (

    select generate_series as day_number from generate_series(1, 28)

),

counted as (

    select
        times.experiment_id,
        times.variant,
        days.day_number,
        count(*) as at_risk_count,
        count(*) filter (where times.returned_on_day = days.day_number) as returned_count

    from times

    inner join days
        on
            days.day_number < times.followed_days
            and coalesce(times.returned_on_day >= days.day_number, true)

    group by times.experiment_id, times.variant, days.day_number

),

final as (

    select
        experiment_id,
        variant,
        cast(day_number as integer) as day_number,
        cast(at_risk_count as bigint) as at_risk_count,
        cast(returned_count as bigint) as returned_count

    from counted

)

select * from final
