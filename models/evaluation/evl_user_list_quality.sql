with

lists as (

    select
        user_id,
        item_id,
        system,
        setting

    from {{ ref('evl_lists') }}

),

items as (

    select
        item_id,
        category,
        novelty_bits,
        is_top

    from {{ ref('evl_items') }}

),

described as (

    select
        lists.user_id,
        lists.system,
        lists.setting,
        items.category,
        items.novelty_bits,
        items.is_top

    from lists

    inner join items
        on lists.item_id = items.item_id

),

-- Items without a category count for novelty, not for diversity.
categories as (

    select
        user_id,
        system,
        setting,
        category,
        count(*) as item_count,
        count(category) as categorised_count,
        fsum(novelty_bits) as novelty_bits,
        count(*) filter (where is_top) as top_count

    from described

    group by user_id, system, setting, category

),

summed as (

    select
        user_id,
        system,
        setting,
        sum(item_count) as item_count,
        sum(categorised_count) as categorised_count,
        sum(categorised_count * (categorised_count - 1)) as alike_count,
        sum(top_count) as top_count,
        fsum(novelty_bits) as novelty_bits

    from categories

    group by user_id, system, setting

),

-- Ordered pairs of two categorised items, all and those of one category.
final as (

    select
        user_id,
        system,
        setting,
        cast(item_count as bigint) as item_count,
        cast(round(novelty_bits / item_count, 9) as double) as novelty_bits,
        cast(top_count / item_count as double) as top_item_share,
        cast(
            1 - alike_count / nullif(categorised_count * (categorised_count - 1), 0) as double
        ) as category_diversity

    from summed

)

select * from final
