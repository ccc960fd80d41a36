with

deliveries as (

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
        reject_reason,
        value,
        interacted_at,
        loaded_at,
        known_at

    from {{ ref('stg_events__deliveries') }}

),

accepted as (

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
        value,
        interacted_at,
        loaded_at,
        known_at

    from deliveries

    where reject_reason is null

)

select * from accepted
