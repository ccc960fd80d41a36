with

user_items as (

    select
        user_id,
        item_id,
        weight,
        positive_count,
        history_position,
        is_bot,
        cutoff_at,
        last_interacted_at

    from {{ ref('int_user_items') }}

    where not is_disliked

),

-- The newest items only: very long histories cost the square of their length and say little.
recent as (

    select
        *,
        count(*) over (partition by cutoff_at, user_id) as history_length,
        dense_rank() over (
            partition by cutoff_at, user_id
            order by last_interacted_at desc
        ) as history_step,
        epoch(cutoff_at - last_interacted_at) / 86400.0 as age_days

    from user_items

    qualify history_position <= {{ var('history_items') }}

),

final as (

    select
        user_id,
        item_id,
        weight,
        positive_count,
        history_position,
        history_step,
        history_length,
        cast(age_days as double) as age_days,
        is_bot,
        cutoff_at,
        last_interacted_at

    from recent

)

select * from final
