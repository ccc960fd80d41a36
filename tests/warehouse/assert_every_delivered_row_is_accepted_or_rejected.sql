{{ config(meta={"dagster": {"ref": {"name": "stg_events__rejected"}}}) }}

with

delivered as (

    select count(*) as row_count from {{ ref('stg_events__deliveries') }}

),

accepted as (

    select count(*) as row_count from {{ ref('stg_events__interactions') }}

),

rejected as (

    select count(*) as row_count from {{ ref('stg_events__rejected') }}

)

select
    delivered.row_count as delivered_count,
    accepted.row_count as accepted_count,
    rejected.row_count as rejected_count,
    rejected.row_count / nullif(delivered.row_count, 0) as rejected_share

from delivered

cross join accepted

cross join rejected

where delivered.row_count != accepted.row_count + rejected.row_count
