with

interactions as (

    select
        user_id,
        item_id,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

    where known_at < {{ current_moment() }}

),

summed as (

    select
        count(*) as interaction_count,
        count(distinct user_id) as user_count,
        count(distinct item_id) as item_count,
        {{ current_moment() }} as measured_at,
        max(interacted_at) as last_interacted_at,
        max(known_at) as last_known_at

    from interactions

),

final as (

    select
        cast(interaction_count as bigint) as interaction_count,
        cast(user_count as bigint) as user_count,
        cast(item_count as bigint) as item_count,
        cast(epoch(measured_at - last_known_at) / 3600.0 as double) as age_hours,
        cast(measured_at as timestamp) as measured_at,
        cast(last_interacted_at as timestamp) as last_interacted_at,
        cast(last_known_at as timestamp) as last_known_at

    from summed

)

select * from final
