-- Which items are looked at for which user at which moment: what any of the sources proposes,
-- without what the user dislikes then. No list may hold that, so nothing is ranked, taught or
-- judged by it.
with

moments as (

    select
        user_id,
        cutoff_at

    from {{ ref('trn_ranking_moments') }}

),

learned as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ source('ml', 'candidates') }}

),

covisited as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('cnd_user_covisited') }}

),

repeats as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('cnd_user_repeats') }}

),

popular_items as (

    select
        item_id,
        cutoff_at

    from {{ ref('cnd_popular_items') }}

    where
        segment = 'all'
        and popularity_rank <= {{ var('popular_per_user') }}

),

disliked as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('int_user_items') }}

    where is_disliked

),

-- Learned candidates of a moment that is no longer ranked are left behind here.
proposed as (

    select
        learned.user_id,
        learned.item_id,
        learned.cutoff_at

    from learned

    inner join moments
        on
            learned.user_id = moments.user_id
            and learned.cutoff_at = moments.cutoff_at

    union

    select
        user_id,
        item_id,
        cutoff_at

    from covisited

    union

    select
        user_id,
        item_id,
        cutoff_at

    from repeats

    union

    select
        moments.user_id,
        popular_items.item_id,
        moments.cutoff_at

    from moments

    inner join popular_items
        on moments.cutoff_at = popular_items.cutoff_at

),

pairs as (

    select
        proposed.user_id,
        proposed.item_id,
        proposed.cutoff_at

    from proposed

    left join disliked
        on
            proposed.user_id = disliked.user_id
            and proposed.item_id = disliked.item_id
            and proposed.cutoff_at = disliked.cutoff_at

    where disliked.item_id is null

)

select * from pairs
