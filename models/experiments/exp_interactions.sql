{%- set window = "interval '" ~ var("attribution_hours") ~ "' hour" -%}

-- Which shown list led to what users did. An interaction that names its list belongs to that list;
-- one that names none, of a type that does not name them (yet), to the last impression of the item.
with

valued as (

    select
        interaction_id,
        user_id,
        item_id,
        request_id,
        interaction_type,
        role,
        revenue,
        dwell_seconds,
        interacted_at

    from {{ ref('exp_valued_interactions') }}

),

naming_types as (

    select
        interaction_type,
        naming_since

    from {{ ref('exp_naming_types') }}

    where is_naming

),

impressions as (

    select
        request_id,
        user_id,
        item_id,
        shown_at

    from {{ ref('stg_impressions__shown') }}

),

named as (

    select
        valued.*,
        valued.request_id is not null
        or coalesce(valued.interacted_at >= naming_types.naming_since, false) as is_naming_lists

    from valued

    left join naming_types
        on valued.interaction_type = naming_types.interaction_type

),

attributed as (

    select
        named.*,
        max(impressions.shown_at) filter (
            where named.request_id = impressions.request_id or not named.is_naming_lists
        ) as shown_at,
        max_by(
            impressions.request_id, (impressions.shown_at, impressions.request_id)
        ) filter (
            where named.request_id = impressions.request_id or not named.is_naming_lists
        ) as shown_request_id,
        count(impressions.request_id) > 0 as is_of_shown_item

    from named

    left join impressions
        on
            named.user_id = impressions.user_id
            and named.item_id = impressions.item_id
            and impressions.shown_at <= named.interacted_at
            and impressions.shown_at > named.interacted_at - {{ window }}

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
        revenue,
        dwell_seconds,
        is_naming_lists,
        is_of_shown_item,
        shown_request_id is not null as is_attributed,
        interacted_at,
        cast(shown_at as timestamp) as shown_at

    from attributed

)

select * from final
