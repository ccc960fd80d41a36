-- What the log of an experiment lacks: days, rows in time, and the impressions that interactions
-- name.
with

missing_days as (

    select
        experiment_id,
        missing_day_count

    from {{ ref('exp_missing_days') }}

),

join_rates as (

    select
        experiment_id,
        naming_count,
        join_rate,
        naming_share,
        window_hours

    from {{ ref('exp_join_rates') }}

),

late_interactions as (

    select
        experiment_id,
        late_share

    from {{ ref('exp_late_interactions') }}

),

final as (

    select
        missing_days.experiment_id,
        missing_days.missing_day_count,
        cast(coalesce(join_rates.naming_count, 0) as bigint) as naming_count,
        join_rates.join_rate,
        join_rates.naming_share,
        join_rates.window_hours as join_window_hours,
        late_interactions.late_share

    from missing_days

    left join join_rates
        on missing_days.experiment_id = join_rates.experiment_id

    left join late_interactions
        on missing_days.experiment_id = late_interactions.experiment_id

)

select * from final
