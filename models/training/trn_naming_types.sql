-- Which types of interactions name the list that led to them, as was known when a label window
-- ended.
with

cutoffs as (

    select
        cutoff_at,
        label_until

    from {{ ref('int_cutoffs') }}

    where role != 'serve'

),

interactions as (

    select
        request_id,
        interaction_type,
        interacted_at,
        known_at

    from {{ ref('stg_events__interactions') }}

    where role != 'ignore'

),

done as (

    select
        interactions.request_id,
        interactions.interaction_type,
        interactions.interacted_at,
        cutoffs.label_until as known_until

    from interactions

    inner join cutoffs
        on interactions.known_at < cutoffs.label_until

),

{{ naming_types() }},

final as (

    select
        naming_types.interaction_type,
        cast(naming_types.naming_share as double) as naming_share,
        naming_types.is_naming,
        cutoffs.cutoff_at,
        cutoffs.label_until,
        cast(naming_types.naming_since as timestamp) as naming_since

    from naming_types

    inner join cutoffs
        on naming_types.known_until = cutoffs.label_until

)

select * from final
