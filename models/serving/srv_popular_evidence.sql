-- How many people turned lately to the popular items of the lists.
with

lists as (

    select
        user_id,
        item_id,
        source

    from {{ ref('srv_user_lists') }}

    where source in ('popular', 'segment')

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
        user_count_28d

    from {{ ref('rec_popular_items') }}

),

final as (

    select
        lists.user_id,
        lists.item_id,
        cast(popular_items.user_count_28d as bigint) as evidence_count

    from lists

    left join segments
        on lists.user_id = segments.user_id

    inner join popular_items
        on
            lists.item_id = popular_items.item_id
            and popular_items.segment
            = case when lists.source = 'popular' then 'all' else segments.segment end

)

select * from final
