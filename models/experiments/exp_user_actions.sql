-- What exposed users did, with the number of 24-hour days since their exposure; negative before.
{%- set habit = "interval '" ~ var("experiment_habit_days") ~ "' day" %}

with

users as (

    select
        experiment_id,
        user_id,
        exposed_at

    from {{ ref('exp_counted_users') }}

),

interactions as (

    select
        interaction_id,
        user_id,
        role,
        revenue,
        dwell_seconds,
        is_attributed,
        interacted_at,
        shown_at

    from {{ ref('exp_interactions') }}

),

counted as (

    select
        users.experiment_id,
        users.user_id,
        interactions.interaction_id,
        interactions.role,
        interactions.revenue,
        interactions.dwell_seconds,
        interactions.is_attributed
        and interactions.shown_at >= users.exposed_at as is_attributed,
        floor(epoch(interactions.interacted_at - users.exposed_at) / 86400) as day_number,
        interactions.interacted_at

    from users

    inner join interactions
        on
            users.user_id = interactions.user_id
            and interactions.interacted_at >= users.exposed_at - {{ habit }}
            and interactions.interacted_at < users.exposed_at + interval 29 day

),

-- A pause longer than the gap starts the next session.
preceded as (

    select
        *,
        lag(interacted_at) over (
            partition by experiment_id, user_id
            order by interacted_at, interaction_id
        ) as previous_at

    from counted

),

final as (

    select
        experiment_id,
        user_id,
        interaction_id,
        role,
        cast(day_number as integer) as day_number,
        cast(revenue as double) as revenue,
        cast(dwell_seconds as double) as dwell_seconds,
        is_attributed,
        coalesce(
            interacted_at - previous_at > interval '{{ var("session_gap_minutes") }}' minute, true
        ) as is_session_start,
        cast(interacted_at as timestamp) as interacted_at

    from preceded

)

select * from final
