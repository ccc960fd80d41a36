{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

-- A list made by the release that learned it rests on something that is named or counted; what
-- people pinned rests on their rule.
with

lists as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        evidence_count

    from {{ ref('rec_user_top_items') }}

),

releases as (

    select
        generated_at,
        ranked_at

    from {{ ref('rec_release') }}

)

select
    lists.user_id,
    lists.item_id,
    lists.source

from lists

cross join releases

where
    releases.generated_at = releases.ranked_at
    and (
        (
            lists.source in ('als', 'covisitation', 'repeat')
            and lists.evidence_item_id is null
        )
        or (lists.evidence_count is null and lists.source != 'pinned')
    )
