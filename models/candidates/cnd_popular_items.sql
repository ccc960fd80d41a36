with

user_items as (

    select
        user_id,
        item_id,
        pow(
            0.5,
            epoch(cutoff_at - last_interacted_at)
            / 86400.0
            / {{ var('popularity_half_life_days') }}
        ) as recency,
        last_interacted_at >= cutoff_at - interval 28 day as is_recent,
        cutoff_at,
        last_interacted_at

    from {{ ref('int_user_items') }}

    where
        not is_bot
        and not is_disliked

),

-- The name `all` is taken by the general list.
users as (

    select
        user_id,
        segment

    from {{ ref('stg_catalog__users') }}

    where segment != 'all'

),

segmented as (

    select
        user_items.user_id,
        user_items.item_id,
        'all' as segment,
        user_items.recency,
        user_items.is_recent,
        user_items.cutoff_at,
        user_items.last_interacted_at

    from user_items

    union all

    select
        user_items.user_id,
        user_items.item_id,
        users.segment,
        user_items.recency,
        user_items.is_recent,
        user_items.cutoff_at,
        user_items.last_interacted_at

    from user_items

    inner join users
        on user_items.user_id = users.user_id

),

-- A user counts once an item, and the less the longer ago: popular is what people turn to now.
summed as (

    select
        item_id,
        segment,
        count(*) as user_count,
        count(*) filter (where is_recent) as user_count_28d,
        round(fsum(recency), 9) as candidate_score,
        cutoff_at,
        max(last_interacted_at) as last_interacted_at

    from segmented

    group by item_id, segment, cutoff_at

),

-- What everybody left alone for long has a score of 0: who used to turn to it decides then.
ranked as (

    select
        *,
        row_number() over (
            partition by cutoff_at, segment
            order by candidate_score desc, user_count desc, last_interacted_at desc, item_id asc
        ) as popularity_rank

    from summed

),

final as (

    select
        item_id,
        segment,
        cast(popularity_rank as integer) as popularity_rank,
        cast(user_count as bigint) as user_count,
        cast(user_count_28d as bigint) as user_count_28d,
        cast(candidate_score as double) as candidate_score,
        cutoff_at

    from ranked

    where
        segment = 'all'
        or popularity_rank <= {{ var('popular_per_segment') }}

)

select * from final
