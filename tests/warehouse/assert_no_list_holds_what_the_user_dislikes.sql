{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

-- Also where the domain repeats: the last word on the item was negative.
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
        role,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

),

last_words as (

    select
        lists.user_id,
        lists.item_id,
        lists.recommended_rank,
        max(interactions.interacted_at) as last_interacted_at,
        max(interactions.interacted_at) filter (
            where interactions.role != 'negative'
        ) as last_kind_word_at

    from lists

    inner join interactions
        on
            lists.user_id = interactions.user_id
            and lists.item_id = interactions.item_id
            and lists.generated_at > interactions.known_at

    group by lists.user_id, lists.item_id, lists.recommended_rank

)

select
    user_id,
    item_id,
    recommended_rank,
    last_interacted_at

from last_words

where last_kind_word_at is null or last_kind_word_at < last_interacted_at
