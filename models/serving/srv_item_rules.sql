-- The rules that hold now, item by item: those of a kind together, and all together.
with

rules as (

    select
        rule_type,
        applies_to,
        rule_target,
        number

    from {{ ref('srv_rules') }}

    where is_applied

),

catalog as (

    select
        item_id,
        category

    from {{ ref('stg_catalog__items') }}

),

items as (

    select
        rule_target as item_id,
        rule_type,
        number

    from rules

    where applies_to = 'item'

    union all

    select
        catalog.item_id,
        rules.rule_type,
        rules.number

    from rules

    inner join catalog
        on
            rules.applies_to = 'category'
            and (
                rules.rule_target = catalog.category
                or (rules.rule_target = '*' and catalog.category is not null)
            )

),

-- Several boosts and buries of an item are multiplied; of several limits the least counts.
final as (

    select
        item_id,
        coalesce(rule_type, 'all') as rule_type,
        cast(min(number) filter (where rule_type = 'pin') as integer) as pinned_rank,
        cast(
            coalesce(product(number) filter (where rule_type in ('boost', 'bury')), 1) as double
        ) as rule_factor,
        cast(min(number) filter (where rule_type = 'max_per_category') as integer)
            as category_limit,
        bool_or(rule_type = 'exclude') as is_excluded

    from items

    group by item_id, rollup(rule_type)

)

select * from final
