-- Who is in which arm: as a mapped tool says, else by the hash of the user's id.
with

experiments as (

    select
        experiment_id,
        layer,
        salt,
        layer_from,
        layer_until,
        holdout,
        starts_at,
        ends_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

variants as (

    select
        experiment_id,
        variant,
        bucket_from,
        bucket_until

    from {{ ref('exp_variants') }}

),

contacts as (

    select
        user_id,
        contact_at

    from {{ ref('exp_contacts') }}

),

mapped as (

    select experiment_id from {{ ref('stg_experiments__assignments') }}

),

mapped_users as (

    select
        experiment_id,
        user_id,
        variant,
        variant_count,
        assigned_at

    from {{ ref('exp_mapped_assignments') }}

),

mapped_experiments as (

    select distinct experiment_id from mapped

),

-- Everybody who was met while the experiment ran, with the user's place in its layer.
met_users as (

    select
        experiments.experiment_id,
        experiments.salt,
        contacts.user_id,
        experiments.starts_at as assigned_at

    from experiments

    inner join contacts
        on
            contacts.contact_at >= experiments.starts_at
            and contacts.contact_at < experiments.ends_at
            and {{ bucket("'layer:' || experiments.layer", "contacts.user_id") }}
            >= round(experiments.layer_from * 10000)
            and {{ bucket("'layer:' || experiments.layer", "contacts.user_id") }}
            < round(experiments.layer_until * 10000)
            and {{ bucket(dbt.string_literal(var("holdout_salt")), "contacts.user_id") }}
            >= round(experiments.holdout * 10000)

    left join mapped_experiments
        on experiments.experiment_id = mapped_experiments.experiment_id

    where mapped_experiments.experiment_id is null

    group by
        experiments.experiment_id,
        experiments.salt,
        contacts.user_id,
        experiments.starts_at

),

hashed_users as (

    select
        met_users.experiment_id,
        met_users.user_id,
        'hash' as assigned_by,
        variants.variant,
        cast(1 as bigint) as variant_count,
        met_users.assigned_at

    from met_users

    inner join variants
        on
            met_users.experiment_id = variants.experiment_id
            and {{ bucket("met_users.salt", "met_users.user_id") }} >= variants.bucket_from
            and {{ bucket("met_users.salt", "met_users.user_id") }} < variants.bucket_until

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

    select * from hashed_users

)

select * from final
