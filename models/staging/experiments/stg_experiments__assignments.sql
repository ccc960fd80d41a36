{%- set time_zone = (var("mapping").get("assignments") or {}).get("time_zone") or "UTC" -%}

-- Who was put in which arm, as the tool that did it tells.
with

source as (

    select * from {{ source('mapped', 'assignments') }}

),

renamed as (

    select
        nullif(trim(experiment_id), '') as experiment_id,
        nullif(trim(user_id), '') as user_id,
        nullif(trim(variation_id), '') as variant,
        {{ utc_timestamp('"timestamp"', time_zone) }} as assigned_at

    from source

),

-- Tools tell of every visit; the first counts.
deduplicated as (

    select * from renamed

    where
        experiment_id is not null
        and user_id is not null
        and variant is not null
        and assigned_at < {{ current_moment() }}

    qualify row_number() over (
        partition by experiment_id, user_id, variant
        order by assigned_at
    ) = 1

)

select * from deduplicated
