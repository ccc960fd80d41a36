with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

),

interactions as (

    select
        interaction_id,
        user_id,
        item_id,
        role,
        value,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

),

-- Sessions are counted among the interactions known at the cutoff: a row that is loaded later may
-- join two sessions, and must not do so in the past.
known as (

    select
        interactions.user_id,
        interactions.item_id,
        interactions.role,
        interactions.value,
        interactions.interacted_at,
        cutoffs.cutoff_at as feature_at,
        lag(interactions.interacted_at) over (
            partition by cutoffs.cutoff_at, interactions.user_id
            order by interactions.interacted_at, interactions.interaction_id
        ) as previous_at

    from interactions

    inner join cutoffs
        on interactions.known_at < cutoffs.cutoff_at

),

flagged as (

    select
        *,
        interacted_at >= feature_at - interval 7 day as is_7d,
        interacted_at >= feature_at - interval 28 day as is_28d,
        interacted_at >= feature_at - interval 84 day as is_84d,
        role = 'positive' as is_positive,
        coalesce(
            interacted_at - previous_at > interval '{{ var("session_gap_minutes") }}' minute,
            true
        ) as is_session_start

    from known

),

summed as (

    select
        user_id,
        feature_at,
        count(*) as interaction_count,
        count(*) filter (where is_7d) as interaction_count_7d,
        count(*) filter (where is_28d) as interaction_count_28d,
        count(*) filter (where is_positive) as positive_count,
        count(*) filter (where is_positive and is_28d) as positive_count_28d,
        count(*) filter (where is_positive and is_84d) as positive_count_84d,
        count(distinct item_id) as item_count,
        count(distinct item_id) filter (where is_28d) as item_count_28d,
        count(*) filter (where is_session_start) as session_count,
        count(*) filter (where is_session_start and is_28d) as session_count_28d,
        count(*) filter (where is_session_start and is_84d) as session_count_84d,
        count(distinct cast(interacted_at as date)) as active_day_count,
        epoch(feature_at - max(interacted_at)) / 86400.0 as days_since_last,
        epoch(feature_at - min(interacted_at)) / 86400.0 as days_since_first,
        round(favg(ln(1 + abs(value))) filter (where is_positive), 9) as value_log_mean

    from flagged

    group by user_id, feature_at

),

final as (

    select
        user_id,
        cast(interaction_count as bigint) as interaction_count,
        cast(interaction_count_7d as bigint) as interaction_count_7d,
        cast(interaction_count_28d as bigint) as interaction_count_28d,
        cast(positive_count as bigint) as positive_count,
        cast(positive_count_28d as bigint) as positive_count_28d,
        cast(positive_count_84d as bigint) as positive_count_84d,
        cast(item_count as bigint) as item_count,
        cast(item_count_28d as bigint) as item_count_28d,
        cast(session_count as bigint) as session_count,
        cast(session_count_28d as bigint) as session_count_28d,
        cast(session_count_84d as bigint) as session_count_84d,
        cast(active_day_count as bigint) as active_day_count,
        cast(days_since_last as double) as days_since_last,
        cast(days_since_first as double) as days_since_first,
        -- Interactions an item: 1 never comes back to an item.
        cast(interaction_count / item_count as double) as interactions_per_item,
        cast(
            (days_since_first - days_since_last) / nullif(session_count - 1, 0) as double
        ) as days_between_sessions,
        cast(value_log_mean as double) as value_log_mean,
        feature_at

    from summed

)

select * from final
