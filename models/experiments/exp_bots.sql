{%- set bot_limit = var("mapping").get("bot_interactions_per_day") or "cast(null as bigint)" -%}

-- Users who act more often on one day (UTC) than the mapping believes of people.
with

interactions as (

    select
        user_id,
        interacted_at

    from {{ ref('stg_events__interactions') }}

    where role != 'ignore'

),

days as (

    select
        user_id,
        cast(interacted_at as date) as active_date,
        count(*) as interaction_count

    from interactions

    group by user_id, cast(interacted_at as date)

),

final as (

    select
        user_id,
        cast(max(interaction_count) as bigint) as busiest_day_count

    from days

    group by user_id

    having max(interaction_count) > {{ bot_limit }}

)

select * from final
