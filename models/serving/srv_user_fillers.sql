with

short_users as (

    select
        user_id,
        segment,
        depth

    from {{ ref('srv_short_users') }}

),

excluded as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_excluded_items') }}

),

popular_items as (

    select
        segment,
        item_id,
        popularity_rank

    from {{ ref('rec_popular_items') }}

),

category_fillers as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_category_fillers') }}

),

popular_fillers as (

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

fillers as (

    select
        user_id,
        item_id,
        source,
        tier,
        rank_in_tier

    from popular_fillers

    union

    select
        category_fillers.user_id,
        category_fillers.item_id,
        'popular' as source,
        5 as tier,
        popular_items.popularity_rank as rank_in_tier

    from category_fillers

    inner join popular_items
        on
            category_fillers.item_id = popular_items.item_id
            and popular_items.segment = 'all'

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
