-- What the lists under each choice are like: how much of the catalogue they show, how new, how
-- known and how alike their items are.
with

lists as (

    select
        user_id,
        item_id,
        choice,
        strength

    from {{ ref('evl_choice_lists') }}

),

items as (

    select
        item_id,
        category,
        novelty_bits,
        is_recent

    from {{ ref('evl_items') }}

),

catalogue as (

    select count(*) as catalogue_count from items

),

-- An item that nobody had touched is not in the catalogue as it was known: it is as new as can be.
described as (

    select
        lists.user_id,
        lists.item_id,
        lists.choice,
        lists.strength,
        items.item_id is not null as is_known,
        items.category,
        items.novelty_bits,
        coalesce(items.is_recent, true) as is_recent

    from lists

    left join items
        on lists.item_id = items.item_id

),

alike as (

    select
        choice,
        strength,
        user_id,
        category,
        count(category) as categorised_count

    from described

    group by choice, strength, user_id, category

),

-- Ordered pairs of two categorised items, all and those of one category.
user_diversities as (

    select
        choice,
        strength,
        user_id,
        1 - sum(categorised_count * (categorised_count - 1))
        / nullif(sum(categorised_count) * (sum(categorised_count) - 1), 0) as category_diversity

    from alike

    group by choice, strength, user_id

),

diversities as (

    select
        choice,
        strength,
        favg(category_diversity) as category_diversity

    from user_diversities

    group by choice, strength

),

averaged as (

    select
        choice,
        strength,
        count(distinct user_id) as user_count,
        count(distinct item_id) filter (where is_known) as listed_count,
        favg(novelty_bits) as novelty_bits,
        avg(cast(is_recent as integer)) as recent_item_share

    from described

    group by choice, strength

),

final as (

    select
        averaged.choice,
        averaged.strength,
        cast(averaged.user_count as bigint) as user_count,
        cast(averaged.listed_count / nullif(catalogue.catalogue_count, 0) as double) as coverage,
        cast(round(diversities.category_diversity, 9) as double) as category_diversity,
        cast(round(averaged.novelty_bits, 9) as double) as novelty_bits,
        cast(averaged.recent_item_share as double) as recent_item_share

    from averaged

    inner join diversities
        on
            averaged.choice = diversities.choice
            and averaged.strength = diversities.strength

    cross join catalogue

)

select * from final
