-- Pinned items, for the users who may be offered them.
with

users as (

    select user_id from {{ ref('srv_users') }}

),

items as (

    select
        item_id,
        pinned_rank

    from {{ ref('srv_items') }}

    where pinned_rank is not null

),

excluded as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_excluded_items') }}

),

pins as (

    select
        users.user_id,
        items.item_id,
        items.pinned_rank

    from users

    cross join items

    left join excluded
        on
            users.user_id = excluded.user_id
            and items.item_id = excluded.item_id

    where excluded.item_id is null

)

select * from pins
