-- On how many days of an experiment so far the whole log has no event.
with

log_ends as (

    select observed_until from {{ ref('int_log_end') }}

),

experiments as (

    select
        experiment_id,
        starts_at,
        ends_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

interactions as (

    select interacted_at from {{ ref('exp_interactions') }}

),

active_days as (

    select distinct cast(interacted_at as date) as active_date

    from interactions

),

counted as (

    select
        experiments.experiment_id,
        count(active_days.active_date) as active_day_count

    from experiments

    cross join log_ends

    left join active_days
        on
            active_days.active_date >= cast(experiments.starts_at as date)
            and active_days.active_date < cast(
                least(experiments.ends_at, log_ends.observed_until) as date
            )

    group by experiments.experiment_id

),

final as (

    select
        experiments.experiment_id,
        cast(
            greatest(
                datediff(
                    'day',
                    cast(experiments.starts_at as date),
                    cast(least(experiments.ends_at, log_ends.observed_until) as date)
                ),
                0
            ) - counted.active_day_count as bigint
        ) as missing_day_count

    from experiments

    inner join counted
        on experiments.experiment_id = counted.experiment_id

    cross join log_ends

)

select * from final
