{%- set plan = var("mapping").get("experiments") or {} -%}
{%- set time_zone = plan.get("time_zone") or "UTC" -%}

with

source as (

    select * from {{ source('mapped', 'experiments') }}

),

renamed as (

    select
        -- ids
        experiment_id,

        -- strings
        layer,
        layer_from,
        layer_until,
        salt,
        variants,
        starts_at as starts_text,
        ends_at as ends_text,
        unit,
        primary_metric,
        guardrails,
        holdout,
        note,
        {{ quoted_literal(plan.get("relation") or "") }} as written_in,

        -- timestamps
        {{ utc_timestamp('starts_at', time_zone) }} as starts_at,
        {{ utc_timestamp('ends_at', time_zone) }} as ends_at

    from source

)

select * from renamed
