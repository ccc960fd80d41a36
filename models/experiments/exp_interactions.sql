{%- set habit = "interval '" ~ var("experiment_habit_days") ~ "' day" -%}
{%- set window = "interval '" ~ var("attribution_hours") ~ "' hour" -%}

-- What users did since the first experiment's habits begin: what it was worth, and whether a shown
-- list led to it. An interaction that names its list belongs to that list; where no interaction
-- names one, to the last impression of the item that the user had.
with

experiments as (

    select starts_at from {{ ref('exp_experiments') }}

    where reject_reason is null

),

bounds as (

    select min(starts_at) - {{ habit }} as first_at

    from experiments

),

interactions as (

    select
        interaction_id,
        user_id,
        item_id,
        request_id,
        interaction_type,
        role,
        value,
        interacted_at

    from {{ ref('stg_events__interactions') }}

    where role != 'ignore'

),

event_types as (

    select
        event_type,
        value_is

    from {{ ref('event_types') }}

    where mapping = '{{ var("mapping")["name"] }}'

),

prices as (

    select
        item_id,
        price

    from {{ ref('stg_catalog__items') }}

),

impressions as (

    select
        request_id,
        user_id,
        item_id,
        shown_at

    from {{ ref('stg_impressions__shown') }}

),

naming as (

    select count(request_id) > 0 as is_naming_lists

    from interactions

),

valued as (

    select
        interactions.interaction_id,
        interactions.user_id,
        interactions.item_id,
        interactions.request_id,
        interactions.role,
        case event_types.value_is
            when 'money' then coalesce(interactions.value, 0)
            when 'quantity' then coalesce(interactions.value * prices.price, 0)
            else 0
        end as revenue,
        case event_types.value_is
            when 'seconds' then coalesce(interactions.value, 0)
            else 0
        end as dwell_seconds,
        naming.is_naming_lists,
        interactions.interacted_at

    from interactions

    inner join bounds
        on interactions.interacted_at >= bounds.first_at

    inner join event_types
        on interactions.interaction_type = event_types.event_type

    left join prices
        on interactions.item_id = prices.item_id

    cross join naming

),

attributed as (

    select
        valued.*,
        max(impressions.shown_at) as shown_at,
        max_by(
            impressions.request_id, (impressions.shown_at, impressions.request_id)
        ) as shown_request_id

    from valued

    left join impressions
        on
            valued.user_id = impressions.user_id
            and valued.item_id = impressions.item_id
            and impressions.shown_at <= valued.interacted_at
            and impressions.shown_at > valued.interacted_at - {{ window }}
            and (
                valued.request_id = impressions.request_id
                or not valued.is_naming_lists
            )

    group by all

),

final as (

    select
        interaction_id,
        user_id,
        item_id,
        request_id,
        shown_request_id,
        role,
        cast(revenue as double) as revenue,
        cast(dwell_seconds as double) as dwell_seconds,
        shown_request_id is not null as is_attributed,
        cast(interacted_at as timestamp) as interacted_at,
        cast(shown_at as timestamp) as shown_at

    from attributed

)

select * from final
