-- What the sources say of a pair, made comparable: the factorisation's score of every pair, and
-- each score against the user's others.
with

candidates as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        als_rank,
        covisited_rank,
        repeat_rank,
        popular_rank,
        covisited_evidence_count,
        covisited_support,
        covisited_score,
        covisited_best_contribution,
        repeat_score,
        popular_score,
        is_seen,
        cutoff_at

    from {{ ref('rnk_candidates') }}

),

user_vectors as (

    select
        entity_id,
        factors,
        cutoff_at

    from {{ source('ml', 'factors') }}

    where entity = 'user'

),

item_vectors as (

    select
        entity_id,
        factors,
        cutoff_at

    from {{ source('ml', 'factors') }}

    where entity = 'item'

),

-- Null when user or item had nothing to learn from at the cutoff.
multiplied as (

    select
        candidates.*,
        round(
            cast(list_inner_product(user_vectors.factors, item_vectors.factors) as double), 6
        ) as als_score

    from candidates

    left join user_vectors
        on
            candidates.user_id = user_vectors.entity_id
            and candidates.cutoff_at = user_vectors.cutoff_at

    left join item_vectors
        on
            candidates.item_id = item_vectors.entity_id
            and candidates.cutoff_at = item_vectors.cutoff_at

),

compared as (

    select
        *,
        case
            when als_score is not null
                then
                    rank() over (
                        partition by cutoff_at, user_id
                        order by als_score desc nulls last
                    )
        end as als_position,
        als_score - avg(als_score) over (partition by cutoff_at, user_id) as als_advantage,
        covisited_score
        / nullif(max(covisited_score) over (partition by cutoff_at, user_id), 0) as covisited_ratio

    from multiplied

),

final as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        als_rank,
        cast(als_position as bigint) as als_position,
        covisited_rank,
        repeat_rank,
        popular_rank,
        covisited_evidence_count,
        covisited_support,
        als_score,
        cast(round(als_advantage, 6) as double) as als_advantage,
        covisited_score,
        cast(round(covisited_ratio, 6) as double) as covisited_ratio,
        cast(
            round(covisited_score / covisited_evidence_count, 9) as double
        ) as covisited_score_per_evidence,
        covisited_best_contribution,
        repeat_score,
        popular_score,
        is_seen,
        cutoff_at

    from compared

)

select * from final
