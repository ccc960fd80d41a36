with

pairs as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('rnk_candidate_pairs') }}

),

learned as (

    select
        user_id,
        item_id,
        candidate_rank,
        candidate_score,
        cutoff_at

    from {{ source('ml', 'candidates') }}

),

covisited as (

    select
        user_id,
        item_id,
        evidence_item_id,
        candidate_rank,
        evidence_count,
        support,
        best_contribution,
        candidate_score,
        cutoff_at

    from {{ ref('cnd_user_covisited') }}

),

repeats as (

    select
        user_id,
        item_id,
        candidate_rank,
        candidate_score,
        cutoff_at

    from {{ ref('cnd_user_repeats') }}

),

popular_items as (

    select
        item_id,
        popularity_rank,
        candidate_score,
        cutoff_at

    from {{ ref('cnd_popular_items') }}

    where segment = 'all'

),

history as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('int_user_items') }}

),

-- A source that did not propose the pair leaves null.
joined as (

    select
        pairs.user_id,
        pairs.item_id,
        covisited.evidence_item_id as covisited_evidence_item_id,
        learned.candidate_rank as als_rank,
        covisited.candidate_rank as covisited_rank,
        repeats.candidate_rank as repeat_rank,
        popular_items.popularity_rank as popular_rank,
        covisited.evidence_count as covisited_evidence_count,
        covisited.support as covisited_support,
        learned.candidate_score as als_score,
        covisited.candidate_score as covisited_score,
        covisited.best_contribution as covisited_best_contribution,
        repeats.candidate_score as repeat_score,
        popular_items.candidate_score as popular_score,
        history.item_id is not null as is_seen,
        pairs.cutoff_at

    from pairs

    left join learned
        on
            pairs.user_id = learned.user_id
            and pairs.item_id = learned.item_id
            and pairs.cutoff_at = learned.cutoff_at

    left join covisited
        on
            pairs.user_id = covisited.user_id
            and pairs.item_id = covisited.item_id
            and pairs.cutoff_at = covisited.cutoff_at

    left join repeats
        on
            pairs.user_id = repeats.user_id
            and pairs.item_id = repeats.item_id
            and pairs.cutoff_at = repeats.cutoff_at

    left join popular_items
        on
            pairs.item_id = popular_items.item_id
            and pairs.cutoff_at = popular_items.cutoff_at

    left join history
        on
            pairs.user_id = history.user_id
            and pairs.item_id = history.item_id
            and pairs.cutoff_at = history.cutoff_at

),

-- The source that ranked the pair best gives the reason; on a tie the one with evidence.
final as (

    select
        user_id,
        item_id,
        case least(repeat_rank, covisited_rank, als_rank, popular_rank)
            when repeat_rank then 'repeat'
            when covisited_rank then 'covisitation'
            when als_rank then 'als'
            else 'popular'
        end as source,
        case least(repeat_rank, covisited_rank, als_rank, popular_rank)
            when repeat_rank then item_id
            when covisited_rank then covisited_evidence_item_id
        end as evidence_item_id,
        cast(als_rank as bigint) as als_rank,
        cast(covisited_rank as bigint) as covisited_rank,
        cast(repeat_rank as bigint) as repeat_rank,
        cast(popular_rank as bigint) as popular_rank,
        cast(covisited_evidence_count as bigint) as covisited_evidence_count,
        cast(covisited_support as bigint) as covisited_support,
        cast(als_score as double) as als_score,
        cast(covisited_score as double) as covisited_score,
        cast(covisited_best_contribution as double) as covisited_best_contribution,
        cast(repeat_score as double) as repeat_score,
        cast(popular_score as double) as popular_score,
        is_seen,
        cutoff_at

    from joined

)

select * from final
