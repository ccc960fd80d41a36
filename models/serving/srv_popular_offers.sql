-- What may stand in each popular list, in the order of its score after boosts and buries.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

popular_items as (

    select
        item_id,
        segment,
        popularity_rank,
        user_count_28d,
        candidate_score,
        cutoff_at

    from {{ ref('cnd_popular_items') }}

),

items as (

    select
        item_id,
        category,
        pinned_rank,
        category_limit,
        rule_factor

    from {{ ref('srv_items') }}

),

segments as (

    select distinct popular_items.segment

    from popular_items

    inner join cutoffs
        on popular_items.cutoff_at = cutoffs.cutoff_at

    union

    select 'all' as segment

    from cutoffs

),

-- Items nobody has touched close the general list, so that a new catalogue is never an empty page.
-- A pinned item stands in every list.
places as (

    select
        segments.segment,
        items.item_id

    from segments

    inner join items
        on
            segments.segment = 'all'
            or items.pinned_rank is not null

    union

    select
        popular_items.segment,
        popular_items.item_id

    from popular_items

    inner join cutoffs
        on popular_items.cutoff_at = cutoffs.cutoff_at

),

scored as (

    select
        places.segment,
        places.item_id,
        items.category,
        items.pinned_rank,
        items.category_limit,
        popular_items.popularity_rank,
        coalesce(popular_items.user_count_28d, 0) as user_count_28d,
        coalesce(popular_items.candidate_score, 0) as score,
        coalesce(popular_items.candidate_score, 0) * items.rule_factor as list_score

    from places

    cross join cutoffs

    inner join items
        on places.item_id = items.item_id

    left join popular_items
        on
            places.segment = popular_items.segment
            and places.item_id = popular_items.item_id
            and cutoffs.cutoff_at = popular_items.cutoff_at

),

ranked as (

    select
        *,
        row_number() over (
            partition by segment
            order by list_score desc, popularity_rank asc nulls last, item_id asc
        ) as offer_rank

    from scored

),

final as (

    select
        segment,
        cast(offer_rank as bigint) as offer_rank,
        item_id,
        category,
        pinned_rank,
        category_limit,
        cast(
            row_number() over (
                partition by segment, category, pinned_rank is null
                order by offer_rank
            ) as bigint
        ) as rank_in_category,
        cast(user_count_28d as bigint) as user_count_28d,
        cast(score as double) as score

    from ranked

)

select * from final
