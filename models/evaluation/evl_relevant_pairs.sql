-- What the lists should have held: outcomes of the users that are judged, in both settings.
with

moments as (

    select
        user_id,
        cutoff_at

    from {{ ref('trn_ranking_moments') }}

    where role = 'evaluate'

),

holdout as (

    select
        user_id,
        item_id,
        is_new,
        cutoff_at

    from {{ ref('trn_holdout') }}

),

judged as (

    select
        holdout.user_id,
        holdout.item_id,
        holdout.is_new,
        holdout.cutoff_at

    from holdout

    inner join moments
        on
            holdout.user_id = moments.user_id
            and holdout.cutoff_at = moments.cutoff_at

),

final as (

    select
        user_id,
        item_id,
        'with_repeats' as setting,
        cutoff_at

    from judged

    union all

    select
        user_id,
        item_id,
        'new_items' as setting,
        cutoff_at

    from judged

    where is_new

)

select * from final
