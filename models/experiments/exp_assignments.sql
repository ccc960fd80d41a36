-- Who is in which arm: as a mapped tool says, else by the hash of the user's id.
with

mapped_users as (

    select
        experiment_id,
        user_id,
        variant,
        variant_count,
        assigned_at

    from {{ ref('exp_mapped_assignments') }}

),

hashed_users as (

    select
        experiment_id,
        user_id,
        variant,
        assigned_at

    from {{ ref('exp_hashed_assignments') }}

),

final as (

    select
        experiment_id,
        user_id,
        'mapped' as assigned_by,
        variant,
        variant_count,
        assigned_at

    from mapped_users

    union all

    select
        experiment_id,
        user_id,
        'hash' as assigned_by,
        variant,
        cast(1 as bigint) as variant_count,
        assigned_at

    from hashed_users

)

select * from final
