{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

-- A full list comes before the limit: it may be exceeded where a user has left too little else.
with

lists as (

    select
        user_id,
        item_id,
        source

    from {{ ref('rec_user_top_items') }}

),

items as (

    select
        item_id,
        category,
        category_limit

    from {{ ref('srv_items') }}

),

pins as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_pins') }}

),

excluded as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_excluded_items') }}

),

-- Of each category in each list.
listed as (

    select
        lists.user_id,
        items.category,
        min(items.category_limit) as category_limit,
        count(*) as item_count,
        count(*) filter (where lists.source = 'pinned') as pinned_count

    from lists

    inner join items
        on lists.item_id = items.item_id

    group by lists.user_id, items.category

),

exceeded as (

    select distinct user_id

    from listed

    where
        category_limit is not null
        and item_count - pinned_count > greatest(category_limit - pinned_count, 0)

),

-- What these users could have had instead, by category.
possible as (

    select
        exceeded.user_id,
        items.category,
        count(*) as item_count,
        count(pins.item_id) as pinned_count,
        min(items.category_limit) as category_limit

    from exceeded

    cross join items

    left join excluded
        on
            exceeded.user_id = excluded.user_id
            and items.item_id = excluded.item_id

    left join pins
        on
            exceeded.user_id = pins.user_id
            and items.item_id = pins.item_id

    where excluded.item_id is null

    group by exceeded.user_id, items.category

),

fitting as (

    select
        user_id,
        sum(
            pinned_count + least(
                item_count - pinned_count,
                greatest(
                    coalesce(category_limit, item_count) - pinned_count, 0
                )
            )
        ) as fitting_count

    from possible

    group by user_id

)

select
    user_id,
    fitting_count

from fitting

where fitting_count >= {{ var('recommendations_per_user') }}
