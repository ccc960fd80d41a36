with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

),

interactions as (

    select
        user_id,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

),

days as (

    select
        cutoffs.cutoff_at,
        interactions.user_id,
        cast(interactions.interacted_at as date) as active_date,
        count(*) as interaction_count,
        min(interactions.interacted_at) as first_interacted_at,
        max(interactions.interacted_at) as last_interacted_at

    from interactions

    inner join cutoffs
        on interactions.known_at < cutoffs.cutoff_at

    group by
        cutoffs.cutoff_at,
        interactions.user_id,
        cast(interactions.interacted_at as date)

),

summed as (

    select
        cutoff_at,
        user_id,
        cast(sum(interaction_count) as bigint) as interaction_count,
        count(*) as active_day_count,
        max(interaction_count) as busiest_day_count,
        min(first_interacted_at) as first_interacted_at,
        max(last_interacted_at) as last_interacted_at

    from days

    group by cutoff_at, user_id

),

-- A bot keeps its own list; it has no influence on the lists of others.
final as (

    select
        user_id,
        interaction_count,
        active_day_count,
        busiest_day_count,
        coalesce(
            busiest_day_count
            > {{ var("mapping").get("bot_interactions_per_day") or "cast(null as bigint)" }},
            false
        ) as is_bot,
        cutoff_at,
        first_interacted_at,
        last_interacted_at

    from summed

)

select * from final
