-- The questions asked of every arm, in order, with their numbers, and the verdict.
with

final as (

    select
        experiment_id,
        variant,
        cast(step_number as bigint) as step_number,
        step,
        status,
        words,
        verdict,
        cast(value as double) as value,
        cast(bound as double) as bound

    from {{ source('ml', 'experiment_decisions') }}

)

select * from final
