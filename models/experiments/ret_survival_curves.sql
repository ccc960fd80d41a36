-- The share of users who have not come back by the end of each day after the exposure.
with

final as (

    select
        experiment_id,
        variant,
        cast(day_number as bigint) as day_number,
        cast(at_risk_count as bigint) as at_risk_count,
        cast(returned_count as bigint) as returned_count,
        cast(away_share as double) as away_share,
        cast(lower as double) as lower,
        cast(upper as double) as upper

    from {{ source('ml', 'return_survival') }}

)

select * from final
