{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

with

lists as (

    select
        'rec_user_top_items' as served_table,
        item_id

    from {{ ref('rec_user_top_items') }}

),

neighbours as (

    select
        'rec_item_neighbours' as served_table,
        neighbour_item_id as item_id

    from {{ ref('rec_item_neighbours') }}

),

popular_items as (

    select
        'rec_popular_items' as served_table,
        item_id

    from {{ ref('rec_popular_items') }}

),

trending_items as (

    select
        'rec_trending_items' as served_table,
        item_id

    from {{ ref('rec_trending_items') }}

),

unavailable as (

    select item_id from {{ ref('stg_catalog__items') }}

    where not is_available

),

served as (

    select
        served_table,
        item_id

    from lists

    union all

    select
        served_table,
        item_id

    from neighbours

    union all

    select
        served_table,
        item_id

    from popular_items

    union all

    select
        served_table,
        item_id

    from trending_items

)

select
    served.served_table,
    served.item_id,
    count(*) as row_count

from served

inner join unavailable
    on served.item_id = unavailable.item_id

group by served.served_table, served.item_id
