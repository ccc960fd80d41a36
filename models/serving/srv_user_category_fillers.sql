-- Where categories are limited and a user has had the popular items of one, those that come next.
-- No rows unless a rule max_per_category holds.
with

short_users as (

    select user_id from {{ ref('srv_short_users') }}

),

offers as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_allowed_offers') }}

),

excluded as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_excluded_items') }}

),

popular_offers as (

    select
        item_id,
        category,
        category_limit,
        rank_in_category

    from {{ ref('srv_popular_offers') }}

    where
        segment = 'all'
        and category_limit is not null
        and pinned_rank is null

),

taken as (

    select
        user_id,
        item_id

    from offers

    union

    select
        user_id,
        item_id

    from excluded

),

-- As many as a user has taken of a category may have to be passed over in it.
taken_counts as (

    select
        taken.user_id,
        popular_offers.category,
        count(*) as taken_count

    from taken

    inner join short_users
        on taken.user_id = short_users.user_id

    inner join popular_offers
        on taken.item_id = popular_offers.item_id

    group by taken.user_id, popular_offers.category

),

final as (

    select
        taken_counts.user_id,
        popular_offers.item_id

    from taken_counts

    inner join popular_offers
        on
            taken_counts.category = popular_offers.category
            and popular_offers.rank_in_category
            <= popular_offers.category_limit + taken_counts.taken_count

    left join excluded
        on
            taken_counts.user_id = excluded.user_id
            and popular_offers.item_id = excluded.item_id

    where excluded.item_id is null

)

select * from final
