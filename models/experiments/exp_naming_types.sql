-- Which types of interactions name the list that led to them, and since when.
with

valued as (

    select
        request_id,
        interaction_type,
        interacted_at

    from {{ ref('exp_valued_interactions') }}

),

beginnings as (

    select
        interaction_type,
        min(interacted_at) as naming_since

    from valued

    where request_id is not null

    group by interaction_type

),

counted as (

    select
        beginnings.interaction_type,
        beginnings.naming_since,
        count(valued.request_id) / count(*) as naming_share

    from beginnings

    inner join valued
        on
            beginnings.interaction_type = valued.interaction_type
            and beginnings.naming_since <= valued.interacted_at

    group by beginnings.interaction_type, beginnings.naming_since

),

final as (

    select
        interaction_type,
        cast(naming_share as double) as naming_share,
        -- Fewer than one in a hundred is an accident, not a way to log.
        naming_share >= 0.01 as is_naming,
        cast(naming_since as timestamp) as naming_since

    from counted

)

select * from final
