-- The ranker's first hundred for each judged user at the evaluation cutoff, with what the choices
-- for lists look at. Seen items are among them only where the mapping asks for repeats.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'evaluate'

),

ranked_candidates as (

    select
        user_id,
        item_id,
        ranked_position,
        score,
        is_seen,
        cutoff_at

    from {{ source('ml', 'ranked_candidates') }}

),

item_activity as (

    select
        item_id,
        user_count,
        days_since_first,
        feature_at

    from {{ ref('ftr_item_activity') }}

),

catalog as (

    select
        item_id,
        category,
        created_at

    from {{ ref('stg_catalog__items') }}

),

-- As in the served lists, the score of a place never rises down the list.
offers as (

    select
        ranked_candidates.user_id,
        ranked_candidates.item_id,
        row_number() over (
            partition by ranked_candidates.user_id
            order by ranked_candidates.ranked_position
        ) as offer_rank,
        min(ranked_candidates.score) over (
            partition by ranked_candidates.user_id
            order by ranked_candidates.ranked_position
            rows between unbounded preceding and current row
        ) as place_score,
        ranked_candidates.cutoff_at

    from ranked_candidates

    inner join cutoffs
        on ranked_candidates.cutoff_at = cutoffs.cutoff_at

    where
        not ranked_candidates.is_seen
        or {{ var("mapping").get("repeats") or false }}

    qualify offer_rank <= 100

),

final as (

    select
        offers.user_id,
        offers.item_id,
        catalog.category,
        cast(offers.offer_rank as integer) as offer_rank,
        cast(offers.place_score as double) as place_score,
        cast(item_activity.user_count as bigint) as user_count,
        cast(
            coalesce(
                item_activity.days_since_first,
                epoch(offers.cutoff_at - catalog.created_at) / 86400.0
            ) as double
        ) as days_since_first,
        offers.cutoff_at

    from offers

    left join item_activity
        on
            offers.item_id = item_activity.item_id
            and offers.cutoff_at = item_activity.feature_at

    left join catalog
        on offers.item_id = catalog.item_id

)

select * from final
