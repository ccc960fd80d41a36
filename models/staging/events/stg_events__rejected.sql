with

deliveries as (

    select
        interaction_id,
        user_id,
        item_id,
        session_id,
        interaction_type,
        value_text,
        occurred_at_text,
        reject_reason,
        interacted_at,
        loaded_at

    from {{ ref('stg_events__deliveries') }}

),

rejected as (

    select
        interaction_id,
        user_id,
        item_id,
        session_id,
        interaction_type,
        value_text,
        occurred_at_text,
        reject_reason,
        interacted_at,
        loaded_at

    from deliveries

    where reject_reason is not null

)

select * from rejected
