-- All that may stand in a user's list, each item at its best place.
with

offers as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        rank_in_tier,
        score

    from {{ ref('srv_user_allowed_offers') }}

),

fillers as (

    select
        user_id,
        item_id,
        source,
        tier,
        rank_in_tier

    from {{ ref('srv_user_fillers') }}

),

pins as (

    select
        user_id,
        item_id,
        pinned_rank

    from {{ ref('srv_user_pins') }}

),

all_offers as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        rank_in_tier,
        score

    from offers

    union all

    select
        user_id,
        item_id,
        source,
        null as evidence_item_id,
        tier,
        rank_in_tier,
        null as score

    from fillers

    union all

    select
        user_id,
        item_id,
        'pinned' as source,
        null as evidence_item_id,
        6 as tier,
        pinned_rank as rank_in_tier,
        null as score

    from pins

),

-- An item keeps its best place: personal before the user's segment before popular.
distinct_offers as (

    select * from all_offers

    qualify row_number() over (
        partition by user_id, item_id
        order by tier, rank_in_tier
    ) = 1

),

final as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        cast(tier as integer) as tier,
        cast(rank_in_tier as bigint) as rank_in_tier,
        cast(score as double) as score

    from distinct_offers

)

select * from final
