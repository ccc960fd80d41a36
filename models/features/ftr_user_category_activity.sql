with

user_items as (

    select
        user_id,
        item_id,
        positive_count,
        weight,
        cutoff_at,
        last_interacted_at

    from {{ ref('int_user_items') }}

),

items as (

    select
        item_id,
        category

    from {{ ref('stg_catalog__items') }}

    where category is not null

),

summed as (

    select
        user_items.user_id,
        items.category,
        user_items.cutoff_at as feature_at,
        count(*) as item_count,
        sum(user_items.positive_count) as positive_count,
        fsum(user_items.weight) as weight,
        epoch(
            user_items.cutoff_at - max(user_items.last_interacted_at)
        ) / 86400.0 as days_since_last

    from user_items

    inner join items
        on user_items.item_id = items.item_id

    group by user_items.user_id, items.category, user_items.cutoff_at

),

final as (

    select
        user_id,
        category,
        cast(item_count as bigint) as item_count,
        cast(positive_count as bigint) as positive_count,
        cast(days_since_last as double) as days_since_last,
        cast(
            round(weight, 9)
            / nullif(round(fsum(weight) over (partition by feature_at, user_id), 9), 0) as double
        ) as weight_share,
        feature_at

    from summed

)

select * from final
