with

user_items as (

    select
        user_id,
        item_id,
        weight,
        positive_count,
        is_disliked,
        cutoff_at,
        last_positive_at

    from {{ ref('int_user_items') }}

),

moments as (

    select
        user_id,
        cutoff_at

    from {{ ref('trn_ranking_moments') }}

),

-- Often and lately: the decayed weight of the pair is its score.
ranked as (

    select
        user_items.user_id,
        user_items.item_id,
        user_items.cutoff_at,
        round(user_items.weight, 9) as candidate_score,
        row_number() over (
            partition by user_items.cutoff_at, user_items.user_id
            order by
                round(user_items.weight, 9) desc,
                user_items.last_positive_at desc,
                user_items.item_id asc
        ) as candidate_rank

    from user_items

    inner join moments
        on
            user_items.user_id = moments.user_id
            and user_items.cutoff_at = moments.cutoff_at

    where
        user_items.positive_count > 0
        and not user_items.is_disliked

    qualify candidate_rank <= {{ var('repeats_per_user') }}

),

final as (

    select
        user_id,
        item_id,
        cast(candidate_rank as integer) as candidate_rank,
        cast(candidate_score as double) as candidate_score,
        cutoff_at

    from ranked

)

select * from final
