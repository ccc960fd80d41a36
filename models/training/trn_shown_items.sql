{%- set window = "interval " ~ var('attribution_hours') ~ " hour" -%}

-- What was shown in the label windows, and what the user did with it by the end of the window.
with

cutoffs as (

    select
        role,
        cutoff_at,
        label_until

    from {{ ref('int_cutoffs') }}

    where role != 'serve'

),

shown as (

    select
        request_id,
        user_id,
        item_id,
        surface,
        propensity_kind,
        shown_rank,
        propensity,
        shown_at,
        known_at

    from {{ ref('stg_impressions__shown') }}

),

interactions as (

    select
        interaction_id,
        user_id,
        item_id,
        role,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

    where role in ('view', 'positive')

),

-- What comes too late in the window could not show its outcome yet.
impressions as (

    select
        shown.request_id,
        shown.user_id,
        shown.item_id,
        shown.surface,
        shown.propensity_kind,
        cutoffs.role,
        shown.shown_rank,
        shown.propensity,
        cutoffs.cutoff_at,
        cutoffs.label_until,
        shown.shown_at

    from shown

    inner join cutoffs
        on
            shown.shown_at >= cutoffs.cutoff_at
            and shown.shown_at + {{ window }} <= cutoffs.label_until
            and shown.known_at < cutoffs.label_until

),

-- What a user does counts once, for the last list before it that held the item.
attributed as (

    select
        impressions.request_id,
        impressions.item_id,
        interactions.role

    from impressions

    inner join interactions
        on
            impressions.user_id = interactions.user_id
            and impressions.item_id = interactions.item_id
            and impressions.shown_at <= interactions.interacted_at
            and impressions.shown_at + {{ window }} > interactions.interacted_at
            and impressions.label_until > interactions.known_at

    qualify row_number() over (
        partition by interactions.interaction_id
        order by impressions.shown_at desc, impressions.request_id asc
    ) = 1

),

outcomes as (

    select
        request_id,
        item_id,
        bool_or(role = 'positive') as is_chosen

    from attributed

    group by request_id, item_id

),

final as (

    select
        impressions.request_id,
        impressions.user_id,
        impressions.item_id,
        impressions.surface,
        impressions.propensity_kind,
        impressions.role,
        impressions.shown_rank,
        impressions.propensity,
        outcomes.request_id is not null as is_clicked,
        coalesce(outcomes.is_chosen, false) as is_chosen,
        impressions.cutoff_at,
        impressions.shown_at

    from impressions

    left join outcomes
        on
            impressions.request_id = outcomes.request_id
            and impressions.item_id = outcomes.item_id

)

select * from final
