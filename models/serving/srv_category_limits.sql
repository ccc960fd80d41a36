-- How many items of a category a list may hold; where several rules say so, the least.
with

rules as (

    select
        rule_target,
        number

    from {{ ref('srv_rules') }}

    where
        is_applied
        and rule_type = 'max_per_category'

),

catalog as (

    select category from {{ ref('stg_catalog__items') }}

    where category is not null

),

categories as (

    select distinct category from catalog

),

final as (

    select
        categories.category,
        cast(min(rules.number) as integer) as item_limit

    from categories

    inner join rules
        on
            categories.category = rules.rule_target
            or rules.rule_target = '*'

    group by categories.category

)

select * from final
