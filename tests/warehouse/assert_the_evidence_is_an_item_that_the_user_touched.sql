{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

-- "Often follows …" must name something the reader remembers.
with

lists as (

    select
        user_id,
        item_id,
        evidence_item_id,
        generated_at

    from {{ ref('rec_user_top_items') }}

    where evidence_item_id is not null

),

user_items as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('int_user_items') }}

)

select
    lists.user_id,
    lists.item_id,
    lists.evidence_item_id

from lists

left join user_items
    on
        lists.user_id = user_items.user_id
        and lists.evidence_item_id = user_items.item_id
        and lists.generated_at = user_items.cutoff_at

where user_items.item_id is null
