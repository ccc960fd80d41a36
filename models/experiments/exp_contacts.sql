-- Moments at which a user could have met an experiment: lists that were shown; before the first of
-- them, anything the user did.
with

shown as (

    select
        user_id,
        request_id,
        release_id,
        surface,
        variant,
        shown_at

    from {{ ref('stg_impressions__shown') }}

),

-- Lists may have been mapped, or logged by the online application.
first_lists as (

    select min(shown_at) as first_shown_at from shown

),

interactions as (

    select
        interaction_id,
        user_id,
        surface,
        interacted_at

    from {{ ref('stg_events__interactions') }}

    where role != 'ignore'

),

lists as (

    select
        user_id,
        request_id,
        min(release_id) as release_id,
        min(surface) as surface,
        min(variant) as shown_variant,
        min(shown_at) as contact_at

    from shown

    group by user_id, request_id

),

contacts as (

    select * from lists

    union all

    select
        interactions.user_id,
        interactions.interaction_id as request_id,
        cast(null as varchar) as release_id,
        interactions.surface,
        cast(null as varchar) as shown_variant,
        interactions.interacted_at as contact_at

    from interactions

    inner join first_lists
        on coalesce(interactions.interacted_at < first_lists.first_shown_at, true)

),

final as (

    select
        user_id,
        request_id,
        release_id,
        surface,
        shown_variant,
        cast(contact_at as timestamp) as contact_at

    from contacts

)

select * from final
