-- The lists that the ranker would have shown at the evaluation cutoff, in both settings.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'evaluate'

),

ranked_candidates as (

    select
        user_id,
        item_id,
        ranked_position,
        is_seen,
        cutoff_at

    from {{ source('ml', 'ranked_candidates') }}

),

offers as (

    select
        ranked_candidates.user_id,
        ranked_candidates.item_id,
        ranked_candidates.ranked_position,
        ranked_candidates.is_seen,
        ranked_candidates.cutoff_at

    from ranked_candidates

    inner join cutoffs
        on ranked_candidates.cutoff_at = cutoffs.cutoff_at

),

settings as (

    select
        user_id,
        item_id,
        'with_repeats' as setting,
        ranked_position,
        cutoff_at

    from offers

    union all

    select
        user_id,
        item_id,
        'new_items' as setting,
        ranked_position,
        cutoff_at

    from offers

    where not is_seen

),

final as (

    select
        user_id,
        item_id,
        'two_stage' as system,
        setting,
        cast(
            row_number() over (
                partition by setting, cutoff_at, user_id
                order by ranked_position, item_id
            ) as integer
        ) as recommended_rank,
        cutoff_at

    from settings

    qualify recommended_rank <= 10

)

select * from final
