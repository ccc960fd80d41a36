{%- set time_zone = (var("mapping").get("impressions") or {}).get("time_zone") or "UTC" -%}

with

source as (

    select * from {{ source('mapped', 'impressions') }}

),

renamed as (

    select
        -- ids
        nullif(trim(request_id), '') as request_id,
        nullif(trim(user_id), '') as user_id,
        nullif(trim(item_id), '') as item_id,
        nullif(trim(release_id), '') as release_id,

        -- strings
        nullif(lower(trim(surface)), '') as surface,
        nullif(trim(variant), '') as variant,
        nullif(lower(trim(fallback)), '') as fallback,
        coalesce(nullif(lower(trim(propensity_kind)), ''), 'conditional') as propensity_kind,

        -- numbers
        try_cast(rank as bigint) as shown_rank,
        try_cast(propensity as double) as propensity,
        case
            when try_cast(duration_ms as double) >= 0 and isfinite(try_cast(duration_ms as double))
                then try_cast(duration_ms as double)
        end as duration_ms,

        -- booleans
        try_cast(trim(is_degraded) as boolean) as is_degraded,

        -- timestamps
        {{ utc_timestamp('shown_at', time_zone) }} as shown_at,
        {{ utc_timestamp('loaded_at', time_zone) }} as loaded_at

    from source

),

timed as (

    select
        * exclude (loaded_at, propensity),
        case
            when
                propensity > 0
                and propensity <= 1
                and propensity_kind in ('conditional', 'marginal')
                then propensity
        end as propensity,
        greatest(shown_at, coalesce(loaded_at, shown_at)) as known_at

    from renamed

),

-- Delivered at least once; of a shown item the copy that was known first is kept.
deduplicated as (

    select * from timed

    where
        request_id is not null
        and user_id is not null
        and item_id is not null
        and known_at < {{ current_moment() }}
        and shown_rank >= 1

    qualify row_number() over (
        partition by request_id, item_id
        order by known_at, shown_at, shown_rank, user_id
    ) = 1

)

select * from deduplicated
