{%- set window = "interval '" ~ var("attribution_hours") ~ "' hour" -%}

-- Which shown list led to what users did. An interaction that names its list belongs to that list;
-- where no interaction names one, to the last impression of the item that the user had.
with

valued as (

    select
        interaction_id,
        user_id,
        item_id,
        request_id,
        role,
        revenue,
        dwell_seconds,
        interacted_at

    from {{ ref('exp_valued_interactions') }}

),

naming as (

    select count(request_id) > 0 as is_naming_lists

    from valued

),

impressions as (

    select
        request_id,
        user_id,
        item_id,
        shown_at

    from {{ ref('stg_impressions__shown') }}

),

attributed as (

    select
        valued.*,
        max(impressions.shown_at) as shown_at,
        max_by(
            impressions.request_id, (impressions.shown_at, impressions.request_id)
        ) as shown_request_id

    from valued

    cross join naming

    left join impressions
        on
            valued.user_id = impressions.user_id
            and valued.item_id = impressions.item_id
            and impressions.shown_at <= valued.interacted_at
            and impressions.shown_at > valued.interacted_at - {{ window }}
            and (
                valued.request_id = impressions.request_id
                or not naming.is_naming_lists
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
        revenue,
        dwell_seconds,
        shown_request_id is not null as is_attributed,
        interacted_at,
        cast(shown_at as timestamp) as shown_at

    from attributed

)

select * from final
