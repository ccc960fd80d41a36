-- The least true difference that an experiment on this log would find.
with

final as (

    select
        metric,
        cast(run_days as bigint) as run_days,
        cast(user_count as bigint) as user_count,
        cast(baseline as double) as baseline,
        cast(detectable_difference as double) as detectable_difference,
        cast(detectable_share as double) as detectable_share,
        cast(detectable_at_one_look as double) as detectable_at_one_look,
        cast(users_for_a_tenth as double) as users_for_a_tenth

    from {{ source('ml', 'experiment_outlook') }}

)

select * from final
