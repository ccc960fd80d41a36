-- What was shown after the evaluation cutoff, and what the user did with it: lists made from what
-- was known at the cutoff can be valued on it without having learned from it.
with

shown as (

    select
        request_id,
        user_id,
        item_id,
        surface,
        propensity_kind,
        shown_rank,
        propensity,
        is_clicked,
        is_chosen,
        cutoff_at,
        shown_at

    from {{ ref('trn_shown_items') }}

    where role = 'evaluate'

)

select * from shown
