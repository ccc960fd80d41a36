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

),

-- An item keeps its best place: personal before the user's segment before popular.
distinct_offers as (

    select * from all_offers

    qualify row_number() over (
        partition by user_id, item_id
        order by tier, rank_in_tier
    ) = 1

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_id
            order by tier, rank_in_tier, item_id
        ) as recommended_rank

    from distinct_offers

    qualify recommended_rank <= {{ var('recommendations_per_user') }}

),

final as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        cast(recommended_rank as integer) as recommended_rank,
        cast(score as double) as score

    from ranked

)

select * from final
