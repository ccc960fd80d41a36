{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

-- Also where the domain repeats, and in lists that are only judged: the last word on the item was
-- negative.
with

served as (

    select
        user_id,
        item_id,
        generated_at

    from {{ ref('rec_user_top_items') }}

),

judged as (

    select
        user_id,
        item_id,
        system,
        cutoff_at

    from {{ ref('evl_lists') }}

),

chosen as (

    select
        user_id,
        item_id,
        choice,
        cutoff_at

    from {{ ref('evl_choice_lists') }}

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

lists as (

    select
        user_id,
        item_id,
        'served' as list_name,
        generated_at as made_at

    from served

    union

    select
        user_id,
        item_id,
        system as list_name,
        cutoff_at as made_at

    from judged

    union

    select
        user_id,
        item_id,
        choice as list_name,
        cutoff_at as made_at

    from chosen

),

last_words as (

    select
        lists.user_id,
        lists.item_id,
        lists.list_name,
        max(interactions.interacted_at) as last_interacted_at,
        max(interactions.interacted_at) filter (
            where interactions.role != 'negative'
        ) as last_kind_word_at

    from lists

    inner join interactions
        on
            lists.user_id = interactions.user_id
            and lists.item_id = interactions.item_id
            and lists.made_at > interactions.known_at

    group by lists.user_id, lists.item_id, lists.list_name

)

select
    user_id,
    item_id,
    list_name,
    last_interacted_at

from last_words

where last_kind_word_at is null or last_kind_word_at < last_interacted_at
