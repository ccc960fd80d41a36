-- What SQL alone proposes to a user now: what was had before, then what often follows it.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

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

-- Tier 1 belongs to the ranker.
offers as (

    select
        user_id,
        item_id,
        'repeat' as source,
        item_id as evidence_item_id,
        2 as tier,
        candidate_rank as rank_in_tier,
        cutoff_at

    from repeats

    union all

    select
        user_id,
        item_id,
        'covisitation' as source,
        evidence_item_id,
        3 as tier,
        candidate_rank as rank_in_tier,
        cutoff_at

    from covisited

),

final as (

    select
        offers.user_id,
        offers.item_id,
        offers.source,
        offers.evidence_item_id,
        cast(offers.tier as integer) as tier,
        cast(offers.rank_in_tier as bigint) as rank_in_tier

    from offers

    inner join cutoffs
        on offers.cutoff_at = cutoffs.cutoff_at

)

select * from final
