{%- set list_length = var("recommendations_per_user") -%}

with

known_users as (

    select user_id from {{ ref('trn_ranking_moments') }}

    where role = 'serve'

),

listed_users as (

    select user_id from {{ ref('stg_catalog__users') }}

),

users as (

    select user_id from known_users

    union

    select user_id from listed_users

),

offers as (

    select
        user_id,
        item_id

    from {{ ref('rec_user_allowed_offers') }}

),

excluded as (

    select
        user_id,
        item_id

    from {{ ref('rec_user_excluded_items') }}

),

segments as (

    select
        user_id,
        segment

    from {{ ref('rec_user_segments') }}

),

popular_items as (

    select
        segment,
        item_id,
        popularity_rank

    from {{ ref('rec_popular_items') }}

),

offer_counts as (

    select
        user_id,
        count(*) as offer_count

    from offers

    group by user_id

),

exclusion_counts as (

    select
        user_id,
        count(*) as exclusion_count

    from excluded

    group by user_id

),

-- Among the first (list + offered + excluded) popular items at least a list's length is left over:
-- the join stays small for any user, however much was seen.
short_users as (

    select
        users.user_id,
        segments.segment,
        {{ list_length }}
        + coalesce(offer_counts.offer_count, 0)
        + coalesce(exclusion_counts.exclusion_count, 0) as depth

    from users

    left join segments
        on users.user_id = segments.user_id

    left join offer_counts
        on users.user_id = offer_counts.user_id

    left join exclusion_counts
        on users.user_id = exclusion_counts.user_id

    where coalesce(offer_counts.offer_count, 0) < {{ list_length }}

),

fillers as (

    select
        short_users.user_id,
        popular_items.item_id,
        case when popular_items.segment = 'all' then 'popular' else 'segment' end as source,
        case when popular_items.segment = 'all' then 5 else 4 end as tier,
        popular_items.popularity_rank as rank_in_tier

    from short_users

    inner join popular_items
        on
            (
                popular_items.segment = 'all'
                or popular_items.segment = short_users.segment
            )
            and popular_items.popularity_rank <= short_users.depth

),

final as (

    select
        fillers.user_id,
        fillers.item_id,
        fillers.source,
        cast(fillers.tier as integer) as tier,
        cast(fillers.rank_in_tier as bigint) as rank_in_tier

    from fillers

    left join excluded
        on
            fillers.user_id = excluded.user_id
            and fillers.item_id = excluded.item_id

    where excluded.item_id is null

)

select * from final
