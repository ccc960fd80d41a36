{{ config(meta={"dagster": {"ref": {"name": "rnk_candidates"}}}) }}

-- A past moment must not propose what nobody could have known then, from whatever source.
with

candidates as (

    select
        item_id,
        cutoff_at,
        count(*) as candidate_count

    from {{ ref('rnk_candidates') }}

    group by item_id, cutoff_at

),

interactions as (

    select
        item_id,
        known_at

    from {{ ref('int_interactions') }}

),

first_moments as (

    select
        item_id,
        min(known_at) as first_known_at

    from interactions

    group by item_id

)

select
    candidates.cutoff_at,
    candidates.item_id,
    candidates.candidate_count,
    first_moments.first_known_at

from candidates

left join first_moments
    on candidates.item_id = first_moments.item_id

where
    first_moments.first_known_at is null
    or first_moments.first_known_at >= candidates.cutoff_at
