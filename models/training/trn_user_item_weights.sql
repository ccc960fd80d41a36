with

user_items as (

    select
        user_id,
        item_id,
        weight,
        is_bot,
        is_disliked,
        cutoff_at

    from {{ ref('int_user_items') }}

),

-- A bot's history would pull items together that no person connects.
weighted as (

    select
        user_id,
        item_id,
        cast(weight as double) as weight,
        cutoff_at

    from user_items

    where
        weight > 0
        and not is_disliked
        and not is_bot

)

select * from weighted
