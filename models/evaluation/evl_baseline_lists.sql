-- The lists that each simple recommender would have shown at the evaluation cutoff, in both
-- settings: new items only, and with repeats.
with

offers as (

    select
        user_id,
        item_id,
        system,
        item_rank,
        is_seen,
        cutoff_at

    from {{ ref('evl_baseline_offers') }}

),

settings as (

    select
        user_id,
        item_id,
        system,
        'with_repeats' as setting,
        item_rank,
        cutoff_at

    from offers

    union all

    select
        user_id,
        item_id,
        system,
        'new_items' as setting,
        item_rank,
        cutoff_at

    from offers

    where not is_seen

),

final as (

    select
        user_id,
        item_id,
        system,
        setting,
        cast(
            row_number() over (
                partition by system, setting, cutoff_at, user_id
                order by item_rank, item_id
            ) as integer
        ) as recommended_rank,
        cutoff_at

    from settings

    qualify recommended_rank <= 10

)

select * from final
