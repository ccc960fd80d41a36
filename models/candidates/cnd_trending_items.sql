with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

),

interactions as (

    select
        user_id,
        item_id,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

    where role != 'negative'

),

-- As in the popular lists: who does not want the item any more does not speak for it.
user_items as (

    select
        user_id,
        item_id,
        cutoff_at

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

touched as (

    select
        interactions.user_id,
        interactions.item_id,
        bool_or(interactions.interacted_at >= cutoffs.cutoff_at - interval 7 day) as is_recent,
        bool_or(interactions.interacted_at < cutoffs.cutoff_at - interval 7 day) as is_before,
        cutoffs.cutoff_at

    from interactions

    inner join cutoffs
        on
            interactions.known_at < cutoffs.cutoff_at
            and interactions.interacted_at >= cutoffs.cutoff_at - interval 35 day

    inner join user_items
        on
            interactions.user_id = user_items.user_id
            and interactions.item_id = user_items.item_id
            and cutoffs.cutoff_at = user_items.cutoff_at

    group by interactions.user_id, interactions.item_id, cutoffs.cutoff_at

),

segmented as (

    select
        item_id,
        'all' as segment,
        is_recent,
        is_before,
        cutoff_at

    from touched

    union all

    select
        touched.item_id,
        users.segment,
        touched.is_recent,
        touched.is_before,
        touched.cutoff_at

    from touched

    inner join users
        on touched.user_id = users.user_id

),

counted as (

    select
        item_id,
        segment,
        count(*) filter (where is_recent) as user_count_7d,
        count(*) filter (where is_before) as user_count_before,
        cutoff_at

    from segmented

    group by item_id, segment, cutoff_at

),

-- Users of the last week against a week of the four before; the pseudo-count keeps an item with
-- two users from heading the list.
scored as (

    select
        item_id,
        segment,
        user_count_7d,
        cutoff_at,
        round(
            (user_count_7d + {{ var('trending_pseudo_users') }})
            / (user_count_before / 4.0 + {{ var('trending_pseudo_users') }}),
            9
        ) as candidate_score

    from counted

    where user_count_7d > 0

),

ranked as (

    select
        *,
        row_number() over (
            partition by cutoff_at, segment
            order by candidate_score desc, user_count_7d desc, item_id asc
        ) as trending_rank

    from scored

    qualify trending_rank <= {{ var('popular_per_segment') }}

),

final as (

    select
        item_id,
        segment,
        cast(trending_rank as integer) as trending_rank,
        cast(user_count_7d as bigint) as user_count_7d,
        cast(candidate_score as double) as candidate_score,
        cutoff_at

    from ranked

)

select * from final
