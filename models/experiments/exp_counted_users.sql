-- The exposed users who are counted, and for how long the log has been following each of them.
with

log_ends as (

    select observed_until from {{ ref('int_log_end') }}

),

exposures as (

    select
        experiment_id,
        user_id,
        variant,
        surface,
        exposed_date,
        exposed_at

    from {{ ref('exp_exposures') }}

    where set_aside_reason is null

),

final as (

    select
        exposures.experiment_id,
        exposures.user_id,
        exposures.variant,
        exposures.surface,
        coalesce(
            datediff('second', exposures.exposed_at, log_ends.observed_until), 0
        ) / 86400.0 as observed_days,
        exposures.exposed_date,
        exposures.exposed_at

    from exposures

    cross join log_ends

)

select * from final
