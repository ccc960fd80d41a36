with

moments as (

    select
        user_id,
        role,
        cutoff_at

    from {{ ref('trn_ranking_moments') }}

),

learned as (

    select
        user_id,
        item_id,
        candidate_rank,
        candidate_score,
        cutoff_at

    from {{ source('ml', 'candidates') }}

    where candidate_rank <= {{ var('als_per_user') }}

),

covisited as (

    select
        user_id,
        item_id,
        evidence_item_id,
        candidate_rank,
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

    where
        segment = 'all'
        and popularity_rank <= {{ var('popular_per_user') }}

),

history as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('int_user_items') }}

),

proposals as (

    select
        user_id,
        item_id,
        'als' as source,
        null as evidence_item_id,
        candidate_rank,
        candidate_score,
        cutoff_at

    from learned

    union all

    select
        user_id,
        item_id,
        'covisitation' as source,
        evidence_item_id,
        candidate_rank,
        candidate_score,
        cutoff_at

    from covisited

    union all

    select
        user_id,
        item_id,
        'repeat' as source,
        item_id as evidence_item_id,
        candidate_rank,
        candidate_score,
        cutoff_at

    from repeats

    union all

    select
        moments.user_id,
        popular_items.item_id,
        'popular' as source,
        null as evidence_item_id,
        popular_items.popularity_rank as candidate_rank,
        popular_items.candidate_score,
        moments.cutoff_at

    from moments

    inner join popular_items
        on moments.cutoff_at = popular_items.cutoff_at

),

-- Learned candidates of a moment that is no longer ranked are left behind here.
gathered as (

    select
        proposals.*,
        moments.role
    from proposals

    inner join moments
        on
            proposals.user_id = moments.user_id
            and proposals.cutoff_at = moments.cutoff_at

),

pivoted as (

    select
        user_id,
        item_id,
        role,
        -- The source that ranked the pair best gives the reason; evidence breaks a tie.
        arg_min(source, (candidate_rank, evidence_item_id is null, source)) as source,
        max(evidence_item_id) filter (where source = 'covisitation') as covisited_evidence_item_id,
        count(*) as source_count,
        max(candidate_rank) filter (where source = 'als') as als_rank,
        max(candidate_rank) filter (where source = 'covisitation') as covisited_rank,
        max(candidate_rank) filter (where source = 'repeat') as repeat_rank,
        max(candidate_rank) filter (where source = 'popular') as popular_rank,
        max(candidate_score) filter (where source = 'als') as als_score,
        max(candidate_score) filter (where source = 'covisitation') as covisited_score,
        max(candidate_score) filter (where source = 'repeat') as repeat_score,
        max(candidate_score) filter (where source = 'popular') as popular_score,
        cutoff_at

    from gathered

    group by user_id, item_id, role, cutoff_at

),

final as (

    select
        pivoted.user_id,
        pivoted.item_id,
        pivoted.role,
        pivoted.source,
        case
            when pivoted.source = 'covisitation' then pivoted.covisited_evidence_item_id
            when pivoted.source = 'repeat' then pivoted.item_id
        end as evidence_item_id,
        cast(pivoted.source_count as bigint) as source_count,
        cast(pivoted.als_rank as bigint) as als_rank,
        cast(pivoted.covisited_rank as bigint) as covisited_rank,
        cast(pivoted.repeat_rank as bigint) as repeat_rank,
        cast(pivoted.popular_rank as bigint) as popular_rank,
        cast(pivoted.als_score as double) as als_score,
        cast(pivoted.covisited_score as double) as covisited_score,
        cast(pivoted.repeat_score as double) as repeat_score,
        cast(pivoted.popular_score as double) as popular_score,
        history.item_id is not null as is_seen,
        pivoted.cutoff_at

    from pivoted

    left join history
        on
            pivoted.user_id = history.user_id
            and pivoted.item_id = history.item_id
            and pivoted.cutoff_at = history.cutoff_at

)

select * from final
