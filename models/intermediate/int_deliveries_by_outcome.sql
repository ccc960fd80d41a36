with

deliveries as (

    select coalesce(reject_reason, 'accepted') as outcome from {{ ref('stg_events__deliveries') }}

),

counted as (

    select
        outcome,
        count(*) as delivery_count,
        count(*) / sum(count(*)) over () as delivery_share

    from deliveries

    group by outcome

)

select * from counted
