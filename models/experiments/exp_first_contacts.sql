-- The first moment at which a user met an experiment, and what was shown to the user in it.
with

experiments as (

    select
        experiment_id,
        starts_at,
        ends_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

assignments as (

    select
        experiment_id,
        user_id,
        variant,
        variant_count,
        assigned_at

    from {{ ref('exp_assignments') }}

),

contacts as (

    select
        user_id,
        request_id,
        release_id,
        surface,
        shown_variant,
        contact_at

    from {{ ref('exp_contacts') }}

),

first_contacts as (

    select
        assignments.experiment_id,
        assignments.user_id,
        assignments.variant,
        assignments.variant_count,
        arg_min(contacts.surface, (contacts.contact_at, contacts.request_id)) as surface,
        arg_min(contacts.release_id, (contacts.contact_at, contacts.request_id)) as release_id,
        -- Lists say `experiment:variant` of every experiment that they belong to.
        coalesce(
            bool_or(
                regexp_extract(
                    ',' || contacts.shown_variant,
                    '[,\s]' || assignments.experiment_id || ':([a-z0-9_]+)', 1
                ) not in ('', assignments.variant)
            ), false
        ) as is_shown_another,
        min(contacts.contact_at) as exposed_at

    from assignments

    inner join experiments
        on assignments.experiment_id = experiments.experiment_id

    inner join contacts
        on
            assignments.user_id = contacts.user_id
            and contacts.contact_at >= greatest(experiments.starts_at, assignments.assigned_at)
            and contacts.contact_at < experiments.ends_at

    group by
        assignments.experiment_id,
        assignments.user_id,
        assignments.variant,
        assignments.variant_count

),

final as (

    select
        experiment_id,
        user_id,
        variant,
        surface,
        release_id,
        variant_count,
        is_shown_another,
        cast(exposed_at as timestamp) as exposed_at

    from first_contacts

)

select * from final
