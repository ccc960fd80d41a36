{%- set habit = "interval '" ~ var("experiment_habit_days") ~ "' day" -%}

-- What users did since the first experiment's habits begin, and what it was worth.
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

valued as (

    select
        interactions.interaction_id,
        interactions.user_id,
        interactions.item_id,
        interactions.request_id,
        interactions.interaction_type,
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
        interactions.interacted_at

    from interactions

    inner join bounds
        on interactions.interacted_at >= bounds.first_at

    inner join event_types
        on interactions.interaction_type = event_types.event_type

    left join prices
        on interactions.item_id = prices.item_id

),

final as (

    select
        interaction_id,
        user_id,
        item_id,
        request_id,
        interaction_type,
        role,
        cast(revenue as double) as revenue,
        cast(dwell_seconds as double) as dwell_seconds,
        cast(interacted_at as timestamp) as interacted_at

    from valued

)

select * from final
