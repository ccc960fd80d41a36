-- Which list led to what users did in the label windows, by the rule of experiments, as was known
-- when the window ended. A list that came too late in the window to be learned from leads to what
-- it led to all the same: else an earlier one would have it.
with

cutoffs as (

    select
        cutoff_at,
        label_until

    from {{ ref('int_cutoffs') }}

    where role != 'serve'

),

interactions as (

    select
        interaction_id,
        user_id,
        item_id,
        request_id,
        interaction_type,
        role,
        interacted_at,
        known_at

    from {{ ref('stg_events__interactions') }}

    where role in ('view', 'positive')

),

impressions as (

    select
        request_id,
        user_id,
        item_id,
        shown_at,
        known_at

    from {{ ref('stg_impressions__shown') }}

),

naming_types as (

    select
        interaction_type,
        naming_since,
        label_until as known_until

    from {{ ref('trn_naming_types') }}

    where is_naming

),

done as (

    select
        interactions.interaction_id,
        interactions.user_id,
        interactions.item_id,
        interactions.request_id,
        interactions.interaction_type,
        interactions.role,
        cutoffs.cutoff_at,
        interactions.interacted_at,
        cutoffs.label_until as known_until

    from interactions

    inner join cutoffs
        on
            interactions.interacted_at >= cutoffs.cutoff_at
            and interactions.known_at < cutoffs.label_until

),

-- What lists before the window led to is no label of this one.
shown as (

    select
        impressions.request_id,
        impressions.user_id,
        impressions.item_id,
        impressions.shown_at,
        cutoffs.label_until as known_until

    from impressions

    inner join cutoffs
        on
            impressions.shown_at >= cutoffs.cutoff_at
            and impressions.known_at < cutoffs.label_until

),

{{ attributed() }},

final as (

    select
        interaction_id,
        user_id,
        item_id,
        shown_request_id,
        role,
        cutoff_at,
        interacted_at

    from attributed

    where shown_request_id is not null

)

select * from final
