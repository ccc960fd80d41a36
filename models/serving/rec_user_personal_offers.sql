-- What a user may be offered before the popular lists fill up, best first.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

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

repeats as (

    select
        user_id,
        item_id,
        candidate_rank,
        cutoff_at

    from {{ ref('cnd_user_repeats') }}

),

covisited as (

    select
        user_id,
        item_id,
        evidence_item_id,
        candidate_rank,
        cutoff_at

    from {{ ref('cnd_user_covisited') }}

),

-- Tier 1 is what the ranker ordered, tiers 2 and 3 are SQL alone.
offers as (

    select
        ranked_candidates.user_id,
        ranked_candidates.item_id,
        ranked_candidates.source,
        ranked_candidates.evidence_item_id,
        1 as tier,
        ranked_candidates.ranked_position as rank_in_tier,
        ranked_candidates.score

    from ranked_candidates

    inner join releases
        on ranked_candidates.cutoff_at = releases.ranked_at

    union all

    select
        repeats.user_id,
        repeats.item_id,
        'repeat' as source,
        repeats.item_id as evidence_item_id,
        2 as tier,
        repeats.candidate_rank as rank_in_tier,
        null as score

    from repeats

    inner join cutoffs
        on repeats.cutoff_at = cutoffs.cutoff_at

    union all

    select
        covisited.user_id,
        covisited.item_id,
        'covisitation' as source,
        covisited.evidence_item_id,
        3 as tier,
        covisited.candidate_rank as rank_in_tier,
        null as score

    from covisited

    inner join cutoffs
        on covisited.cutoff_at = cutoffs.cutoff_at

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
