-- The two popular lists at the evaluation cutoff, as deep as a user's own list may reach, without
-- what the user dislikes, which `rnk_candidate_pairs` leaves out for the other systems.
with

moments as (

    select
        user_id,
        cutoff_at

    from {{ ref('trn_ranking_moments') }}

    where role = 'evaluate'

),

user_activity as (

    select
        user_id,
        item_count,
        feature_at

    from {{ ref('ftr_user_activity') }}

),

popular_items as (

    select
        item_id,
        popularity_rank,
        user_count,
        cutoff_at

    from {{ ref('cnd_popular_items') }}

    where segment = 'all'

),

history as (

    select
        user_id,
        item_id,
        is_disliked,
        cutoff_at

    from {{ ref('int_user_items') }}

),

systems as (

    select
        item_id,
        'decayed_popular' as system,
        popularity_rank as item_rank,
        cutoff_at

    from popular_items

    union all

    select
        item_id,
        'most_popular' as system,
        row_number() over (
            partition by cutoff_at
            order by user_count desc, item_id asc
        ) as item_rank,
        cutoff_at

    from popular_items

),

-- A list of unseen items never reaches deeper than its length plus what was seen.
final as (

    select
        moments.user_id,
        systems.item_id,
        systems.system,
        cast(systems.item_rank as bigint) as item_rank,
        history.item_id is not null as is_seen,
        moments.cutoff_at

    from moments

    inner join user_activity
        on
            moments.user_id = user_activity.user_id
            and moments.cutoff_at = user_activity.feature_at

    inner join systems
        on
            moments.cutoff_at = systems.cutoff_at
            and systems.item_rank <= {{ var('judged_items') }} + user_activity.item_count

    left join history
        on
            moments.user_id = history.user_id
            and systems.item_id = history.item_id
            and moments.cutoff_at = history.cutoff_at

    where not coalesce(history.is_disliked, false)

)

select * from final
