with

described as (

    select
        segment,
        offer_rank,
        item_id,
        category,
        pinned_rank,
        category_limit,
        user_count_28d,
        score

    from {{ ref('srv_popular_offers') }}

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
        cast(placed.list_rank as integer) as popularity_rank,
        placed.item_id,
        releases.release_id,
        placed.user_count_28d,
        placed.score,
        releases.generated_at

    from placed

    cross join releases

)

select * from final
