with

user_items as (

    select
        user_id,
        item_id,
        interaction_count,
        positive_count,
        positive_count_28d,
        positive_count_84d,
        positive_day_count,
        view_count,
        weight,
        history_position,
        cutoff_at,
        first_interacted_at,
        last_interacted_at,
        first_positive_at,
        last_positive_at

    from {{ ref('int_user_items') }}

),

final as (

    select
        user_id,
        item_id,
        cast(interaction_count as bigint) as interaction_count,
        cast(positive_count as bigint) as positive_count,
        cast(positive_count_28d as bigint) as positive_count_28d,
        cast(positive_count_84d as bigint) as positive_count_84d,
        cast(positive_day_count as bigint) as positive_day_count,
        cast(view_count as bigint) as view_count,
        cast(history_position as bigint) as history_position,
        cast(round(weight, 9) as double) as weight,
        cast(epoch(cutoff_at - last_interacted_at) / 86400.0 as double) as days_since_last,
        cast(epoch(cutoff_at - first_interacted_at) / 86400.0 as double) as days_since_first,
        -- Mean days between two days with a positive; null before the second one.
        cast(
            epoch(last_positive_at - first_positive_at)
            / 86400.0
            / nullif(positive_day_count - 1, 0) as double
        ) as days_between_positives,
        cutoff_at as feature_at

    from user_items

)

select * from final
