-- What may be offered now, and what the rules and the settings say of each item.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

catalog as (

    select
        item_id,
        category,
        is_available,
        created_at

    from {{ ref('stg_catalog__items') }}

),

popular_items as (

    select
        item_id,
        cutoff_at

    from {{ ref('cnd_popular_items') }}

    where segment = 'all'

),

item_activity as (

    select
        item_id,
        user_count,
        days_since_first,
        feature_at

    from {{ ref('ftr_item_activity') }}

),

item_rules as (

    select
        item_id,
        pinned_rank,
        rule_factor,
        category_limit,
        is_excluded

    from {{ ref('srv_item_rules') }}

    where rule_type = 'all'

),

-- An item that the catalogue does not list is taken to be available.
items as (

    select item_id from catalog

    union

    select popular_items.item_id

    from popular_items

    inner join cutoffs
        on popular_items.cutoff_at = cutoffs.cutoff_at

),

final as (

    select
        items.item_id,
        catalog.category,
        cast(item_rules.pinned_rank as integer) as pinned_rank,
        cast(item_rules.category_limit as integer) as category_limit,
        cast(coalesce(item_rules.rule_factor, 1) as double) as rule_factor,
        cast(
            {{ taste_factor(
                "item_activity.user_count",
                "coalesce(item_activity.days_since_first, "
                ~ "epoch(cutoffs.cutoff_at - catalog.created_at) / 86400.0)",
                var("novelty_weight"),
                var("freshness_weight"),
            ) }} as double
        ) as taste_factor

    from items

    cross join cutoffs

    left join catalog
        on items.item_id = catalog.item_id

    left join item_activity
        on
            items.item_id = item_activity.item_id
            and cutoffs.cutoff_at = item_activity.feature_at

    left join item_rules
        on items.item_id = item_rules.item_id

    where
        coalesce(catalog.is_available, true)
        and not coalesce(item_rules.is_excluded, false)

)

select * from final
