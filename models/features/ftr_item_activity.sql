with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

),

interactions as (

    select
        user_id,
        item_id,
        role,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

),

users as (

    select
        user_id,
        is_bot,
        cutoff_at

    from {{ ref('int_cutoff_users') }}

),

known as (

    select
        interactions.user_id,
        interactions.item_id,
        interactions.role = 'positive' as is_positive,
        interactions.role = 'negative' as is_negative,
        interactions.interacted_at,
        interactions.interacted_at >= cutoffs.cutoff_at - interval 7 day as is_7d,
        interactions.interacted_at >= cutoffs.cutoff_at - interval 28 day as is_28d,
        cutoffs.cutoff_at as feature_at

    from interactions

    inner join cutoffs
        on interactions.known_at < cutoffs.cutoff_at

    inner join users
        on
            interactions.user_id = users.user_id
            and cutoffs.cutoff_at = users.cutoff_at

    where not users.is_bot

),

summed as (

    select
        item_id,
        feature_at,
        count(distinct user_id) as user_count,
        count(distinct user_id) filter (where is_7d) as user_count_7d,
        count(distinct user_id) filter (where is_28d) as user_count_28d,
        count(*) filter (where is_positive) as positive_count,
        count(*) filter (where is_positive and is_7d) as positive_count_7d,
        count(*) filter (where is_positive and is_28d) as positive_count_28d,
        count(*) filter (where is_negative) as negative_count,
        count(*) as interaction_count,
        epoch(feature_at - max(interacted_at)) / 86400.0 as days_since_last,
        epoch(feature_at - min(interacted_at)) / 86400.0 as days_since_first

    from known

    group by item_id, feature_at

),

final as (

    select
        item_id,
        cast(user_count as bigint) as user_count,
        cast(user_count_7d as bigint) as user_count_7d,
        cast(user_count_28d as bigint) as user_count_28d,
        cast(positive_count as bigint) as positive_count,
        cast(positive_count_7d as bigint) as positive_count_7d,
        cast(positive_count_28d as bigint) as positive_count_28d,
        cast(negative_count as bigint) as negative_count,
        cast(days_since_last as double) as days_since_last,
        cast(days_since_first as double) as days_since_first,
        cast(interaction_count / user_count as double) as interactions_per_user,
        -- Share of the last four weeks' users who came in the last one; 0.25 is a steady item.
        cast(user_count_7d / nullif(user_count_28d, 0) as double) as user_share_7d,
        feature_at

    from summed

)

select * from final
