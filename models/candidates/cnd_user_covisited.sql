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

-- What the user touched lately speaks louder. Read twice rather than kept: there are as many rows
-- as touched items have neighbours.
contributions as not materialized (

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
        cutoff_at,
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

-- Only what is kept needs its evidence.
evidence as (

    select
        ranked.user_id,
        ranked.item_id,
        ranked.cutoff_at,
        arg_min(
            contributions.evidence_item_id,
            (-contributions.contribution, contributions.evidence_item_id)
        ) as evidence_item_id,
        count(*) as evidence_count,
        sum(contributions.support) as support,
        round(max(contributions.contribution), 9) as best_contribution

    from contributions

    inner join ranked
        on
            contributions.user_id = ranked.user_id
            and contributions.item_id = ranked.item_id
            and contributions.cutoff_at = ranked.cutoff_at

    group by ranked.user_id, ranked.item_id, ranked.cutoff_at

),

final as (

    select
        ranked.user_id,
        ranked.item_id,
        evidence.evidence_item_id,
        cast(
            row_number() over (
                partition by ranked.cutoff_at, ranked.user_id
                order by ranked.candidate_rank
            ) as integer
        ) as candidate_rank,
        cast(evidence.evidence_count as bigint) as evidence_count,
        cast(evidence.support as bigint) as support,
        cast(evidence.best_contribution as double) as best_contribution,
        cast(ranked.candidate_score as double) as candidate_score,
        ranked.is_seen,
        ranked.cutoff_at

    from ranked

    inner join evidence
        on
            ranked.user_id = evidence.user_id
            and ranked.item_id = evidence.item_id
            and ranked.cutoff_at = evidence.cutoff_at

)

select * from final
