{{ config(meta={"dagster": {"ref": {"name": "stg_events__deliveries"}}}) }}

-- A renamed column or a new format of times would build lists from next to nothing, so the build
-- stops here. Repeated copies are no fault of a row, and a few rows say nothing about a log.
with

deliveries as (

    select reject_reason from {{ ref('stg_events__deliveries') }}

    where reject_reason is distinct from 'repeated'

),

counted as (

    select
        count(*) as delivered_count,
        count(reject_reason) as rejected_count,
        count(reject_reason) / nullif(count(*), 0) as rejected_share,
        mode(reject_reason) as commonest_reason

    from deliveries

)

select * from counted

where
    delivered_count >= 100
    and rejected_share > 0.5
