with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

user_items as (

    select
        user_id,
        item_id,
        is_disliked,
        cutoff_at

    from {{ ref('int_user_items') }}

),

-- Seen items leave the list unless the domain repeats; disliked ones leave it always.
final as (

    select
        user_items.user_id,
        user_items.item_id,
        case when user_items.is_disliked then 'disliked' else 'seen' end as exclusion

    from user_items

    inner join cutoffs
        on user_items.cutoff_at = cutoffs.cutoff_at

    where
        user_items.is_disliked
        or not {{ var("mapping").get("repeats") or false }}

)

select * from final
