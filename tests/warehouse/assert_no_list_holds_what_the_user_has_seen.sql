{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

-- From the interactions themselves, not from the tables that the lists were made of.
with

lists as (

    select
        user_id,
        item_id,
        recommended_rank,
        generated_at

    from {{ ref('rec_user_top_items') }}

),

interactions as (

    select
        user_id,
        item_id,
        known_at

    from {{ ref('int_interactions') }}

)

select
    lists.user_id,
    lists.item_id,
    lists.recommended_rank,
    min(interactions.known_at) as first_known_at

from lists

inner join interactions
    on
        lists.user_id = interactions.user_id
        and lists.item_id = interactions.item_id
        and lists.generated_at > interactions.known_at

where not {{ var("mapping").get("repeats") or false }}

group by lists.user_id, lists.item_id, lists.recommended_rank
