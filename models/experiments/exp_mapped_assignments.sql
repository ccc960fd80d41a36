-- Who is in which arm as a mapped tool says: the first arm counts, and how many there were is kept.
with

experiments as (

    select
        experiment_id,
        ends_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

mapped as (

    select
        user_id,
        experiment_id,
        variant,
        assigned_at

    from {{ ref('stg_experiments__assignments') }}

),

final as (

    select
        mapped.experiment_id,
        mapped.user_id,
        arg_min(mapped.variant, (mapped.assigned_at, mapped.variant)) as variant,
        cast(count(distinct mapped.variant) as bigint) as variant_count,
        cast(min(mapped.assigned_at) as timestamp) as assigned_at

    from mapped

    inner join experiments
        on mapped.experiment_id = experiments.experiment_id

    where mapped.assigned_at < experiments.ends_at

    group by mapped.experiment_id, mapped.user_id

)

select * from final
