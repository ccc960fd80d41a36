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

bots as (

    select
        user_id,
        known_at

    from {{ ref('int_bots') }}

),

attributed as (

    select
        item_id,
        shown_request_id,
        role,
        cutoff_at

    from {{ ref('trn_attributed_interactions') }}

),

-- What comes too late in the window could not show its outcome yet. Bots look at lists in another
-- way than people do, and some at very many.
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
        shown.shown_at

    from shown

    inner join cutoffs
        on
            shown.shown_at >= cutoffs.cutoff_at
            and shown.shown_at + {{ window }} <= cutoffs.label_until
            and shown.known_at < cutoffs.label_until

    left join bots
        on
            shown.user_id = bots.user_id
            and cutoffs.label_until > bots.known_at

    where bots.user_id is null

),

outcomes as (

    select
        shown_request_id,
        item_id,
        bool_or(role = 'positive') as is_chosen,
        cutoff_at

    from attributed

    group by shown_request_id, item_id, cutoff_at

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
        outcomes.shown_request_id is not null as is_clicked,
        coalesce(outcomes.is_chosen, false) as is_chosen,
        impressions.cutoff_at,
        impressions.shown_at

    from impressions

    left join outcomes
        on
            impressions.request_id = outcomes.shown_request_id
            and impressions.item_id = outcomes.item_id
            and impressions.cutoff_at = outcomes.cutoff_at

)

select * from final
