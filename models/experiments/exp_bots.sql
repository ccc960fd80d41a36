{%- set bot_limit = var("mapping").get("bot_interactions_per_day") or "cast(null as bigint)" -%}

-- Users who act, or fetch lists, more often on one day (UTC) than the mapping believes of people.
with

interactions as (

    select
        user_id,
        interacted_at

    from {{ ref('stg_events__interactions') }}

    where role != 'ignore'

),

shown as (

    select
        user_id,
        request_id,
        shown_at

    from {{ ref('stg_impressions__shown') }}

),

active_days as (

    select
        user_id,
        cast(interacted_at as date) as active_date,
        count(*) as action_count

    from interactions

    group by user_id, cast(interacted_at as date)

),

-- Who fetches a thousand lists and touches nothing would count as a user who never comes back.
shown_days as (

    select
        user_id,
        cast(shown_at as date) as active_date,
        count(distinct request_id) as action_count

    from shown

    group by user_id, cast(shown_at as date)

),

days as (

    select * from active_days

    union all

    select * from shown_days

),

final as (

    select
        user_id,
        cast(max(action_count) as bigint) as busiest_day_count

    from days

    group by user_id

    having max(action_count) > {{ bot_limit }}

)

select * from final
