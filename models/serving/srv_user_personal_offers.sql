-- What a user may be offered before the popular lists fill up, best first.
with

releases as (

    select ranked_at from {{ ref('rec_release') }}

),

ranked_candidates as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        ranked_position,
        score,
        cutoff_at

    from {{ source('ml', 'ranked_candidates') }}

),

-- No rows unless lists are made diverse.
diverse_positions as (

    select
        user_id,
        item_id,
        diverse_position,
        cutoff_at

    from {{ source('ml', 'diverse_positions') }}

),

sql_offers as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        rank_in_tier

    from {{ ref('srv_user_sql_offers') }}

),

-- What the ranker ordered comes first; SQL alone answers for users it has not seen yet.
offers as (

    select
        ranked_candidates.user_id,
        ranked_candidates.item_id,
        ranked_candidates.source,
        ranked_candidates.evidence_item_id,
        1 as tier,
        coalesce(
            diverse_positions.diverse_position,
            ranked_candidates.ranked_position
            + count(diverse_positions.diverse_position) over (
                partition by ranked_candidates.user_id
            )
        ) as rank_in_tier,
        ranked_candidates.score

    from ranked_candidates

    inner join releases
        on ranked_candidates.cutoff_at = releases.ranked_at

    left join diverse_positions
        on
            ranked_candidates.user_id = diverse_positions.user_id
            and ranked_candidates.item_id = diverse_positions.item_id
            and ranked_candidates.cutoff_at = diverse_positions.cutoff_at

    union all

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        rank_in_tier,
        null as score

    from sql_offers

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

    from offers

    qualify row_number() over (
        partition by user_id, item_id
        order by tier, rank_in_tier
    ) = 1

)

select * from final
