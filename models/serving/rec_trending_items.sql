with

described as (

    select
        segment,
        offer_rank,
        item_id,
        category,
        pinned_rank,
        category_limit,
        user_count_7d,
        score

    from {{ ref('srv_trending_offers') }}

),

releases as (

    select
        release_id,
        generated_at

    from {{ ref('rec_release') }}

),

{{ rule_places("segment", "offer_rank") }},

final as (

    select
        placed.segment,
        cast(placed.list_rank as integer) as trending_rank,
        placed.item_id,
        releases.release_id,
        placed.user_count_7d,
        placed.score,
        releases.generated_at

    from placed

    cross join releases

)

select * from final
