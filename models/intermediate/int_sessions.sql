-- Sessions for people who read the log. Features count session starts themselves, among the
-- interactions known at their cutoff, since a late row can join two sessions into one.
with

interactions as (

    select
        interaction_id,
        user_id,
        session_id,
        role,
        interacted_at

    from {{ ref('int_interactions') }}

),

preceded as (

    select
        *,
        lag(interacted_at) over (
            partition by user_id
            order by interacted_at, interaction_id
        ) as previous_at

    from interactions

),

started as (

    select
        *,
        case
            when previous_at is null then 1
            when interacted_at - previous_at > interval '{{ var("session_gap_minutes") }}' minute
                then 1
            else 0
        end as is_start

    from preceded

),

-- The source's own session wins; else a pause longer than the gap starts the next one.
numbered as (

    select
        *,
        coalesce(
            'source-' || session_id,
            'pause-' || cast(
                sum(is_start) over (
                    partition by user_id
                    order by interacted_at, interaction_id
                ) as varchar
            )
        ) as session_key

    from started

),

summed as (

    select
        user_id,
        session_key,
        count(*) as interaction_count,
        count(*) filter (where role = 'positive') as positive_count,
        min(interacted_at) as started_at,
        max(interacted_at) as ended_at

    from numbered

    group by user_id, session_key

)

select * from summed
