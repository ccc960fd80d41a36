{%- set time_zone = var("mapping")["events"].get("time_zone") or "UTC" -%}

with

source as (

    select * from {{ source('mapped', 'events') }}

),

event_types as (

    select
        event_type,
        role,
        value_min

    from {{ ref('event_types') }}

    where mapping = '{{ var("mapping")["name"] }}'

),

renamed as (

    select
        -- ids
        coalesce(
            nullif(trim(event_id), ''),
            -- As a list, in which no value can be taken for two, nor an empty one for none.
            md5(to_json([
                user_id,
                item_id,
                event_type,
                occurred_at,
                session_id,
                value,
                surface,
                device,
                request_id
            ]))
        ) as interaction_id,
        nullif(trim(user_id), '') as user_id,
        nullif(trim(item_id), '') as item_id,
        nullif(trim(session_id), '') as session_id,
        nullif(trim(anonymous_id), '') as anonymous_id,
        nullif(trim(request_id), '') as request_id,

        -- strings
        nullif(lower(trim(event_type)), '') as interaction_type,
        nullif(lower(trim(surface)), '') as surface,
        nullif(lower(trim(device)), '') as device,
        nullif(regexp_replace(lower(trim(value)), '^[+-]?nan$', ''), '') as value_text,
        occurred_at as occurred_at_text,

        -- numbers
        case
            when not isnan(try_cast(value as double)) then try_cast(value as double)
        end as value,

        -- timestamps
        {{ utc_timestamp('occurred_at', time_zone) }} as interacted_at,
        {{ utc_timestamp('loaded_at', time_zone) }} as loaded_at

    from source

),

-- The only join of the staging layer: which types exist is a decision, kept in a seed.
typed as (

    select
        renamed.*,
        event_types.role,
        greatest(
            renamed.interacted_at,
            coalesce(renamed.loaded_at, renamed.interacted_at)
        ) as known_at,
        case
            when renamed.user_id is null then 'missing_user'
            when renamed.item_id is null then 'missing_item'
            when renamed.interaction_type is null then 'missing_type'
            when event_types.role is null then 'unknown_type'
            when renamed.interacted_at is null or isinf(renamed.interacted_at)
                then 'unparsable_time'
            when renamed.interacted_at >= {{ current_moment() }} then 'future_time'
            when
                (renamed.value_text is not null and renamed.value is null)
                or isinf(renamed.value)
                or renamed.value < event_types.value_min
                then 'impossible_value'
        end as row_fault

    from renamed

    left join event_types
        on renamed.interaction_type = event_types.event_type

),

-- Delivery is at least once: the copy that was known first counts. Faulty rows compete only among
-- themselves, so that a broken copy never displaces a good one.
numbered as (

    select
        *,
        row_number() over (
            partition by interaction_id, row_fault is null
            order by
                known_at asc nulls last,
                interacted_at asc nulls last,
                user_id asc,
                item_id asc,
                interaction_type asc,
                value asc nulls last,
                session_id asc nulls last,
                request_id asc nulls last,
                surface asc nulls last,
                device asc nulls last
        ) as delivery_number

    from typed

),

judged as (

    select
        interaction_id,
        user_id,
        item_id,
        session_id,
        anonymous_id,
        request_id,
        interaction_type,
        surface,
        device,
        role,
        value_text,
        occurred_at_text,
        coalesce(
            row_fault,
            case when delivery_number > 1 then 'repeated' end
        ) as reject_reason,
        value,
        interacted_at,
        loaded_at,
        known_at

    from numbered

)

select * from judged
