-- Who is in which arm by the hash of the user's id: everybody who was met while the experiment ran
-- and whose bucket takes part, unless a mapped tool assigns its users.
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

mapped_experiments as (

    select distinct experiment_id from mapped

),

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
            >= {{ bucket_edge("experiments.layer_from") }}
            and {{ bucket("'layer:' || experiments.layer", "contacts.user_id") }}
            < {{ bucket_edge("experiments.layer_until") }}
            and {{ bucket(dbt.string_literal(var("holdout_salt")), "contacts.user_id") }}
            >= {{ bucket_edge("experiments.holdout") }}

    left join mapped_experiments
        on experiments.experiment_id = mapped_experiments.experiment_id

    where mapped_experiments.experiment_id is null

    group by
        experiments.experiment_id,
        experiments.salt,
        contacts.user_id,
        experiments.starts_at

),

final as (

    select
        met_users.experiment_id,
        met_users.user_id,
        variants.variant,
        cast(met_users.assigned_at as timestamp) as assigned_at

    from met_users

    inner join variants
        on
            met_users.experiment_id = variants.experiment_id
            and {{ bucket("met_users.salt", "met_users.user_id") }} >= variants.bucket_from
            and {{ bucket("met_users.salt", "met_users.user_id") }} < variants.bucket_until

)

select * from final
