{{ config(meta={"dagster": {"ref": {"name": "evl_lists"}}}) }}

with

lists as (

    select
        user_id,
        item_id,
        system,
        cutoff_at

    from {{ ref('evl_lists') }}

    where setting = 'new_items'

),

interactions as (

    select distinct
        user_id,
        item_id,
        known_at

    from {{ ref('int_interactions') }}

)

select
    lists.system,
    lists.user_id,
    lists.item_id

from lists

inner join interactions
    on
        lists.user_id = interactions.user_id
        and lists.item_id = interactions.item_id
        and lists.cutoff_at > interactions.known_at

group by lists.system, lists.user_id, lists.item_id
