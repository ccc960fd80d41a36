-- Which shown list led to what users did. An interaction that names its list belongs to that list;
-- one that names none, of a type that does not name them (yet), to the last impression of the item.
with

done as (

    select
        interaction_id,
        user_id,
        item_id,
        request_id,
        interaction_type,
        role,
        revenue,
        dwell_seconds,
        interacted_at,
        timestamp 'infinity' as known_until

    from {{ ref('exp_valued_interactions') }}

),

naming_types as (

    select
        interaction_type,
        naming_since,
        timestamp 'infinity' as known_until

    from {{ ref('exp_naming_types') }}

    where is_naming

),

shown as (

    select
        request_id,
        user_id,
        item_id,
        shown_at,
        timestamp 'infinity' as known_until

    from {{ ref('stg_impressions__shown') }}

),

{{ attributed() }},

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
