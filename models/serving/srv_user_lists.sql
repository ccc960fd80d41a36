-- A user's list: pinned items at their ranks, the others in order, cut to its length.
with

pools as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        rank_in_tier,
        score

    from {{ ref('srv_user_pools') }}

),

pins as (

    select
        user_id,
        item_id,
        pinned_rank

    from {{ ref('srv_user_pins') }}

),

items as (

    select
        item_id,
        category,
        category_limit

    from {{ ref('srv_items') }}

),

described as (

    select
        pools.user_id,
        pools.item_id,
        case when pins.item_id is null then pools.source else 'pinned' end as source,
        case when pins.item_id is null then pools.evidence_item_id end as evidence_item_id,
        items.category,
        pools.tier,
        pools.rank_in_tier,
        pools.score,
        pins.pinned_rank,
        items.category_limit

    from pools

    inner join items
        on pools.item_id = items.item_id

    left join pins
        on
            pools.user_id = pins.user_id
            and pools.item_id = pins.item_id

),

-- Pinned items count against the limit of their category, and are not held back by it.
limited as (

    select
        *,
        coalesce(
            pinned_rank is null
            and row_number()
                over (
                    partition by user_id, category, pinned_rank is null
                    order by tier, rank_in_tier, item_id
                )
            > category_limit - count(pinned_rank) over (partition by user_id, category),
            false
        ) as is_over_limit

    from described

),

ordered as (

    select
        *,
        row_number() over (
            partition by user_id, pinned_rank is null
            order by pinned_rank, is_over_limit, tier, rank_in_tier, item_id
        ) as own_rank

    from limited

),

-- The nth pin comes after as many other items as its rank leaves room for.
ranked as (

    select
        *,
        row_number() over (
            partition by user_id
            order by
                coalesce(pinned_rank + 0.5, 0)
                + case when pinned_rank is null then own_rank else -own_rank end,
                pinned_rank,
                own_rank
        ) as recommended_rank

    from ordered

    qualify recommended_rank <= {{ var('recommendations_per_user') }}

),

final as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        cast(recommended_rank as integer) as recommended_rank,
        score

    from ranked

)

select * from final
