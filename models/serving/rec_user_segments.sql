with

users as (

    select
        user_id,
        segment

    from {{ ref('stg_catalog__users') }}

),

popular_items as (

    select segment from {{ ref('rec_popular_items') }}

    where segment != 'all'

),

-- A segment counts when a list exists for it; other users fall back to `all`.
listed_segments as (

    select distinct segment from popular_items

),

final as (

    select
        users.user_id,
        users.segment

    from users

    inner join listed_segments
        on users.segment = listed_segments.segment

)

select * from final
