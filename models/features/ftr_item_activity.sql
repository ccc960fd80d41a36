with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

),

interactions as (

    select
        user_id,
        item_id,
        role,
        value,
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
        interactions.value,
        interactions.interacted_at,
        epoch(cutoffs.cutoff_at - interactions.interacted_at) / 86400.0 as age_days,
        interactions.interacted_at >= cutoffs.cutoff_at - interval 7 day as is_7d,
        interactions.interacted_at >= cutoffs.cutoff_at - interval 28 day as is_28d,
        interactions.interacted_at >= cutoffs.cutoff_at - interval 84 day as is_84d,
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

first_touches as (

    select
        user_id,
        item_id,
        feature_at,
        min(interacted_at) as first_interacted_at,
        count(*) filter (where is_positive) > 1 as is_repeated

    from known

    group by user_id, item_id, feature_at

),

newcomers as (

    select
        item_id,
        feature_at,
        count(*) filter (
            where first_interacted_at >= feature_at - interval 28 day
        ) as new_user_count_28d,
        avg(cast(is_repeated as integer)) as repeat_user_share

    from first_touches

    group by item_id, feature_at

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
        count(*) filter (where is_positive and is_84d) as positive_count_84d,
        count(*) filter (where is_negative) as negative_count,
        epoch(feature_at - max(interacted_at)) / 86400.0 as days_since_last,
        epoch(feature_at - min(interacted_at)) / 86400.0 as days_since_first,
        round(fsum(pow(0.5, age_days / 7)) filter (where is_positive), 9) as positive_weight_7d,
        round(fsum(pow(0.5, age_days / 2)) filter (where is_positive), 9) as positive_weight_2d,
        round(favg(ln(1 + abs(value))) filter (where is_positive), 9) as value_log_mean

    from known

    group by item_id, feature_at

),

final as (

    select
        summed.item_id,
        cast(summed.user_count as bigint) as user_count,
        cast(summed.user_count_7d as bigint) as user_count_7d,
        cast(summed.user_count_28d as bigint) as user_count_28d,
        cast(newcomers.new_user_count_28d as bigint) as new_user_count_28d,
        cast(summed.positive_count as bigint) as positive_count,
        cast(summed.positive_count_7d as bigint) as positive_count_7d,
        cast(summed.positive_count_28d as bigint) as positive_count_28d,
        cast(summed.positive_count_84d as bigint) as positive_count_84d,
        cast(summed.negative_count as bigint) as negative_count,
        cast(coalesce(summed.positive_weight_2d, 0) as double) as positive_weight_2d,
        cast(coalesce(summed.positive_weight_7d, 0) as double) as positive_weight_7d,
        cast(summed.days_since_last as double) as days_since_last,
        cast(summed.days_since_first as double) as days_since_first,
        cast(newcomers.repeat_user_share as double) as repeat_user_share,
        cast(summed.value_log_mean as double) as value_log_mean,
        summed.feature_at

    from summed

    inner join newcomers
        on
            summed.item_id = newcomers.item_id
            and summed.feature_at = newcomers.feature_at

)

select * from final
