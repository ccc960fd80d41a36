with

user_items as (

    select
        user_id,
        item_id,
        positive_count,
        cutoff_at,
        first_interacted_at,
        last_interacted_at

    from {{ ref('int_user_items') }}

),

items as (

    select
        item_id,
        user_count,
        days_since_first,
        value_log_mean,
        feature_at

    from {{ ref('ftr_item_activity') }}

),

joined as (

    select
        user_items.user_id,
        user_items.positive_count > 1 as is_repeated,
        user_items.first_interacted_at >= user_items.cutoff_at - interval 28 day as is_first_28d,
        user_items.last_interacted_at >= user_items.cutoff_at - interval 28 day as is_28d,
        ln(1 + items.user_count) as user_count_log,
        items.days_since_first,
        items.value_log_mean,
        user_items.cutoff_at as feature_at

    from user_items

    left join items
        on
            user_items.item_id = items.item_id
            and user_items.cutoff_at = items.feature_at

),

averaged as (

    select
        user_id,
        round(favg(user_count_log), 9) as item_user_count_log_mean,
        round(favg(days_since_first), 9) as item_days_since_first_mean,
        round(favg(value_log_mean), 9) as item_value_log_mean,
        avg(cast(is_repeated as integer)) as repeat_item_share,
        avg(cast(is_first_28d as integer)) filter (where is_28d) as new_item_share_28d,
        feature_at

    from joined

    group by user_id, feature_at

),

final as (

    select
        user_id,
        cast(item_user_count_log_mean as double) as item_user_count_log_mean,
        cast(item_days_since_first_mean as double) as item_days_since_first_mean,
        cast(item_value_log_mean as double) as item_value_log_mean,
        cast(repeat_item_share as double) as repeat_item_share,
        cast(new_item_share_28d as double) as new_item_share_28d,
        feature_at

    from averaged

)

select * from final
