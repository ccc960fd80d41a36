-- The difference as each further day of exposed users was counted, with the confidence sequence.
with

final as (

    select
        experiment_id,
        variant,
        metric,
        cast(user_count as bigint) as user_count,
        cast(control_user_count as bigint) as control_user_count,
        cast(difference as double) as difference,
        cast(lower as double) as lower,
        cast(upper as double) as upper,
        cast(exposed_date as date) as exposed_date

    from {{ source('ml', 'experiment_looks') }}

)

select * from final
