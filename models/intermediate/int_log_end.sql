with

interactions as (

    select known_at from {{ ref('int_interactions') }}

    where known_at < {{ current_moment() }}

),

-- A log that has ended is read until the midnight after its last event; a live one until now.
final as (

    select
        cast(
            least(
                {{ current_moment() }},
                date_trunc('day', max(known_at)) + interval 1 day
            ) as timestamp
        ) as observed_until

    from interactions

)

select * from final
