with

histories as (

    select
        user_id,
        item_id,
        age_days,
        cutoff_at

    from {{ ref('int_user_histories') }}

),

moments as (

    select
        user_id,
        cutoff_at

    from {{ ref('trn_ranking_moments') }}

),

user_items as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('int_user_items') }}

),

neighbours as (

    select
        item_id,
        neighbour_item_id,
        support,
        candidate_score,
        cutoff_at

    from {{ ref('cnd_item_neighbours') }}

),

-- What the user touched lately speaks louder.
contributions as (

    select
        histories.user_id,
        histories.item_id as evidence_item_id,
        neighbours.neighbour_item_id as item_id,
        neighbours.support,
        histories.cutoff_at,
        neighbours.candidate_score
        * pow(0.5, histories.age_days / {{ var('history_half_life_days') }}) as contribution

    from histories

    inner join moments
        on
            histories.user_id = moments.user_id
            and histories.cutoff_at = moments.cutoff_at

    inner join neighbours
        on
            histories.item_id = neighbours.item_id
            and histories.cutoff_at = neighbours.cutoff_at

),

summed as (

    select
        user_id,
        item_id,
        arg_min(evidence_item_id, (-contribution, evidence_item_id)) as evidence_item_id,
        count(*) as evidence_count,
        sum(support) as support,
        cutoff_at,
        round(max(contribution), 9) as best_contribution,
        round(fsum(contribution), 9) as candidate_score

    from contributions

    group by user_id, item_id, cutoff_at

),

flagged as (

    select
        summed.*,
        user_items.item_id is not null as is_seen

    from summed

    left join user_items
        on
            summed.user_id = user_items.user_id
            and summed.item_id = user_items.item_id
            and summed.cutoff_at = user_items.cutoff_at

),

-- The best of all items and the best of the unseen ones, so that lists with and without repeats
-- are both complete.
ranked as (

    select
        *,
        row_number() over (
            partition by cutoff_at, user_id
            order by candidate_score desc, item_id asc
        ) as candidate_rank,
        row_number() over (
            partition by cutoff_at, user_id, is_seen
            order by candidate_score desc, item_id asc
        ) as rank_among_equals

    from flagged

    qualify
        candidate_rank <= {{ var('covisited_per_user') }}
        or (not is_seen and rank_among_equals <= {{ var('covisited_per_user') }})

),

final as (

    select
        user_id,
        item_id,
        evidence_item_id,
        cast(
            row_number() over (
                partition by cutoff_at, user_id
                order by candidate_rank
            ) as integer
        ) as candidate_rank,
        cast(evidence_count as bigint) as evidence_count,
        cast(support as bigint) as support,
        cast(best_contribution as double) as best_contribution,
        cast(candidate_score as double) as candidate_score,
        is_seen,
        cutoff_at

    from ranked

)

select * from final
