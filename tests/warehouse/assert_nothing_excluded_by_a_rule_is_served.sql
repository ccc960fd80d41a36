{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

-- From the rules themselves, not from the tables that the lists were made of.
with

rules as (

    select
        applies_to,
        rule_target

    from {{ ref('srv_rules') }}

    where
        is_applied
        and rule_type = 'exclude'

),

catalog as (

    select
        item_id,
        category

    from {{ ref('stg_catalog__items') }}

),

lists as (

    select item_id from {{ ref('rec_user_top_items') }}

),

neighbours as (

    select neighbour_item_id from {{ ref('rec_item_neighbours') }}

),

popular_items as (

    select item_id from {{ ref('rec_popular_items') }}

),

trending_items as (

    select item_id from {{ ref('rec_trending_items') }}

),

served as (

    select item_id from lists

    union

    select neighbour_item_id as item_id

    from neighbours

    union

    select item_id from popular_items

    union

    select item_id from trending_items

)

select
    served.item_id,
    rules.applies_to,
    rules.rule_target

from served

left join catalog
    on served.item_id = catalog.item_id

inner join rules
    on
        (rules.applies_to = 'item' and rules.rule_target = served.item_id)
        or (rules.applies_to = 'category' and rules.rule_target = catalog.category)
