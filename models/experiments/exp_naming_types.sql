-- Which types of interactions name the list that led to them, and since when.
with

done as (

    select
        request_id,
        interaction_type,
        interacted_at,
        timestamp 'infinity' as known_until

    from {{ ref('exp_valued_interactions') }}

),

{{ naming_types() }},

final as (

    select
        interaction_type,
        cast(naming_share as double) as naming_share,
        is_naming,
        cast(naming_since as timestamp) as naming_since

    from naming_types

)

select * from final
