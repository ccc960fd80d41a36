{%- set visit = "interval '" ~ var("session_gap_minutes") ~ "' minute" -%}

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

labelled_lists as (

    select experiment_id from {{ ref('exp_labelled_lists') }}

),

-- A tool may log an assignment after the list that it was made for. Without that list a user who
-- never comes back would not be counted, and who does would be counted from the return on: whether
-- somebody counts must not depend on what the experiment did. So lists of the same visit count,
-- the first of them: one that nobody had decided about yet dilutes both arms alike, and one that
-- comes too late would take the first effects for habits. By the hash, users are assigned when the
-- experiment starts, before which nothing counts.
met as (

    select
        assignments.experiment_id,
        assignments.user_id,
        assignments.variant,
        assignments.variant_count,
        contacts.request_id,
        contacts.release_id,
        contacts.surface,
        -- Lists say `experiment:variant` of every experiment that they belong to, and `holdout` to
        -- whom is held out.
        coalesce(
            case
                when assignments.experiment_id != 'holdout'
                    then regexp_extract(
                        ',' || contacts.shown_variant,
                        '[,\s]' || assignments.experiment_id || ':([a-z0-9_]+)', 1
                    )
                when {{ says_holdout("contacts.shown_variant") }} then 'held_out'
                when contacts.shown_variant is not null then 'others'
            end, ''
        ) as shown_arm,
        labelled_lists.experiment_id is not null as is_labelled,
        contacts.contact_at

    from assignments

    inner join experiments
        on assignments.experiment_id = experiments.experiment_id

    inner join contacts
        on
            assignments.user_id = contacts.user_id
            and contacts.contact_at
            >= greatest(experiments.starts_at, assignments.assigned_at - {{ visit }})
            and contacts.contact_at < experiments.ends_at

    left join labelled_lists
        on assignments.experiment_id = labelled_lists.experiment_id

),

-- Where lists say of which experiments they are, others are of none: another experiment decided
-- about them, or the application had not read the line yet.
first_contacts as (

    select
        experiment_id,
        user_id,
        variant,
        variant_count,
        arg_min(surface, (contact_at, request_id)) as surface,
        arg_min(release_id, (contact_at, request_id)) as release_id,
        bool_or(shown_arm not in ('', variant)) as is_shown_another,
        min(contact_at) as exposed_at

    from met

    where shown_arm != '' or not is_labelled

    group by experiment_id, user_id, variant, variant_count

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
