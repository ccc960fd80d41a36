with

rejected as (

    select
        reject_reason,
        interacted_at,
        loaded_at

    from {{ ref('stg_events__rejected') }}

),

outcomes as (

    select
        outcome,
        delivery_share

    from {{ ref('int_deliveries_by_outcome') }}

),

-- A row is seen when it is loaded; without that time, when it says it happened.
counted as (

    select
        reject_reason,
        count(*) as rejected_count,
        min(coalesce(loaded_at, interacted_at)) as first_seen_at,
        max(coalesce(loaded_at, interacted_at)) as last_seen_at

    from rejected

    group by reject_reason

),

final as (

    select
        counted.reject_reason,
        cast(counted.rejected_count as bigint) as rejected_count,
        cast(outcomes.delivery_share as double) as delivery_share,
        cast(counted.first_seen_at as timestamp) as first_seen_at,
        cast(counted.last_seen_at as timestamp) as last_seen_at

    from counted

    inner join outcomes
        on counted.reject_reason = outcomes.outcome

)

select * from final
