{%- set bot_limit = var("mapping").get("bot_interactions_per_day") or "cast(null as bigint)" -%}

-- Users who act, or fetch lists, more often on one day (UTC) than the mapping believes of people.
with

interactions as (

    select
        interaction_id,
        user_id,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

),

shown as (

    select
        user_id,
        request_id,
        shown_at,
        known_at

    from {{ ref('stg_impressions__shown') }}

),

-- Who fetches a thousand lists and touches nothing would count as a user who never comes back, and
-- who never clicks.
actions as (

    select
        interaction_id as action_id,
        user_id,
        'interaction' as action_kind,
        cast(interacted_at as date) as active_date,
        known_at

    from interactions

    union all

    select
        request_id as action_id,
        user_id,
        'list' as action_kind,
        cast(shown_at as date) as active_date,
        min(known_at) as known_at

    from shown

    group by user_id, request_id, cast(shown_at as date)

),

-- In the order in which they became known: the first above the limit tells, whatever is loaded
-- later.
numbered as (

    select
        user_id,
        row_number() over (
            partition by user_id, action_kind, active_date
            order by known_at, action_id
        ) as number_on_day,
        known_at

    from actions

),

final as (

    select
        user_id,
        cast(max(number_on_day) as bigint) as busiest_day_count,
        cast(min(known_at) as timestamp) as known_at

    from numbered

    where number_on_day > {{ bot_limit }}

    group by user_id

)

select * from final
