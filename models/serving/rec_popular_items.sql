with

offers as (

    select
        segment,
        offer_rank,
        item_id,
        category,
        pinned_rank,
        category_limit,
        rank_in_category,
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

-- Pinned items count against the limit of their category, and are not held back by it.
limited as (

    select
        *,
        coalesce(
            pinned_rank is null
            and rank_in_category
            > category_limit - count(pinned_rank) over (partition by segment, category),
            false
        ) as is_over_limit

    from offers

),

ordered as (

    select
        *,
        row_number() over (
            partition by segment, pinned_rank is null
            order by pinned_rank, is_over_limit, offer_rank
        ) as own_rank

    from limited

),

-- The nth pin comes after as many other items as its rank leaves room for.
final as (

    select
        ordered.segment,
        cast(
            row_number() over (
                partition by ordered.segment
                order by
                    coalesce(ordered.pinned_rank + 0.5, 0)
                    + case
                        when ordered.pinned_rank is null then ordered.own_rank
                        else -ordered.own_rank
                    end,
                    ordered.pinned_rank,
                    ordered.own_rank
            ) as integer
        ) as popularity_rank,
        ordered.item_id,
        releases.release_id,
        ordered.user_count_28d,
        ordered.score,
        releases.generated_at

    from ordered

    cross join releases

)

select * from final
