-- What may stand in each trending list, in the order of its score after boosts and buries.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

trending_items as (

    select
        item_id,
        segment,
        trending_rank,
        user_count_7d,
        candidate_score,
        cutoff_at

    from {{ ref('cnd_trending_items') }}

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

current_items as (

    select
        trending_items.item_id,
        trending_items.segment,
        trending_items.trending_rank,
        trending_items.user_count_7d,
        trending_items.candidate_score

    from trending_items

    inner join cutoffs
        on trending_items.cutoff_at = cutoffs.cutoff_at

),

gaining as (

    select
        segment,
        item_id

    from current_items

    where candidate_score > 1

),

-- A pinned item stands in every list that there is.
places as (

    select
        segment,
        item_id

    from gaining

    union

    select
        gaining.segment,
        items.item_id

    from gaining

    cross join items

    where items.pinned_rank is not null

),

scored as (

    select
        places.segment,
        places.item_id,
        items.category,
        items.pinned_rank,
        items.category_limit,
        current_items.trending_rank,
        coalesce(current_items.user_count_7d, 0) as user_count_7d,
        coalesce(current_items.candidate_score, 0) as score,
        coalesce(current_items.candidate_score, 0) * items.rule_factor as list_score

    from places

    inner join items
        on places.item_id = items.item_id

    left join current_items
        on
            places.segment = current_items.segment
            and places.item_id = current_items.item_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by segment
            order by list_score desc, trending_rank asc nulls last, item_id asc
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
        cast(user_count_7d as bigint) as user_count_7d,
        cast(score as double) as score

    from ranked

)

select * from final
