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

{{ rule_places("user_id", "tier, rank_in_tier, item_id") }},

final as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        cast(list_rank as integer) as recommended_rank,
        score

    from placed

    where list_rank <= {{ var('recommendations_per_user') }}

)

select * from final
