with

interactions as (

    select
        interaction_id,
        user_id,
        item_id,
        session_id,
        interaction_type,
        role,
        value,
        interacted_at,
        known_at

    from {{ ref('stg_events__interactions') }}

    where role != 'ignore'

),

event_types as (

    select
        event_type,
        weight,
        half_life_days,
        daily_cap

    from {{ ref('event_types') }}

    where mapping = '{{ var("mapping")["name"] }}'

),

-- Numbered in the order in which they became known: an interaction that is loaded later never
-- changes whether an earlier one counts.
numbered as (

    select
        *,
        row_number() over (
            partition by user_id, item_id, interaction_type, cast(interacted_at as date)
            order by known_at, interaction_id
        ) as number_on_day

    from interactions

),

weighted as (

    select
        numbered.interaction_id,
        numbered.user_id,
        numbered.item_id,
        numbered.session_id,
        numbered.interaction_type,
        numbered.role,
        numbered.value,
        case
            when numbered.number_on_day <= coalesce(event_types.daily_cap, numbered.number_on_day)
                then cast(event_types.weight as double)
            else 0.0
        end as weight,
        cast(event_types.half_life_days as double) as half_life_days,
        numbered.interacted_at,
        numbered.known_at

    from numbered

    inner join event_types
        on numbered.interaction_type = event_types.event_type

)

select * from weighted
