-- A pair's score without a ranker: what each source says of it, as a share of the best it says of
-- any item to this user, added up.
with

signals as (

    select
        user_id,
        item_id,
        als_score,
        covisited_ratio,
        repeat_score,
        is_seen,
        cutoff_at

    from {{ ref('rnk_signals') }}

),

-- A source that says nothing, or nothing good, of a pair adds nothing.
shares as (

    select
        user_id,
        item_id,
        coalesce(
            greatest(als_score, 0)
            / nullif(greatest(max(als_score) over (partition by cutoff_at, user_id), 0), 0),
            0
        ) as als_share,
        coalesce(covisited_ratio, 0) as covisited_share,
        coalesce(
            repeat_score / nullif(max(repeat_score) over (partition by cutoff_at, user_id), 0), 0
        ) as repeat_share,
        is_seen,
        cutoff_at

    from signals

),

scored as (

    select
        user_id,
        item_id,
        round(
            {{ var('blend_als_weight') }} * als_share
            + {{ var('blend_covisited_weight') }} * covisited_share
            + {{ var('blend_repeat_weight') }} * repeat_share,
            9
        ) as blend_score,
        is_seen,
        cutoff_at

    from shares

),

final as (

    select
        user_id,
        item_id,
        row_number() over (
            partition by cutoff_at, user_id
            order by blend_score desc, item_id asc
        ) as blend_rank,
        cast(blend_score as double) as blend_score,
        is_seen,
        cutoff_at

    from scored

    where blend_score > 0

)

select * from final
