-- Items that a user was shown in a label window, and whether that made them take one.
with

shown as (

    select
        request_id,
        user_id,
        item_id,
        shown_rank,
        is_clicked,
        is_chosen,
        cutoff_at,
        shown_at

    from {{ ref('trn_shown_items') }}

),

-- What was taken was looked at where it stood then, however high other lists had it.
pairs as (

    select
        user_id,
        item_id,
        min(shown_rank) as shown_rank,
        arg_min(shown_rank, (shown_at, request_id)) filter (where is_chosen) as chosen_rank,
        count(*) as shown_count,
        bool_or(is_clicked) as is_clicked,
        bool_or(is_chosen) as is_chosen,
        cutoff_at

    from shown

    group by user_id, item_id, cutoff_at

),

final as (

    select
        user_id,
        item_id,
        cast(shown_rank as bigint) as shown_rank,
        cast(chosen_rank as bigint) as chosen_rank,
        cast(shown_count as bigint) as shown_count,
        is_clicked,
        is_chosen,
        cutoff_at

    from pairs

)

select * from final
