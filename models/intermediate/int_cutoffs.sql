{%- set horizon = "interval " ~ (var("mapping").get("horizon_days") or 28) ~ " day" -%}
{%- set roles = var("cutoff_roles") | join("', '") -%}

with

log_ends as (

    select observed_until as serve_at from {{ ref('int_log_end') }}

),

training_steps as (

    select generate_series as step from generate_series(1, {{ var('training_cutoffs') }})

),

cutoffs as (

    select
        serve_at as cutoff_at,
        'serve' as role,
        cast(null as timestamp) as label_until

    from log_ends

    union all

    select
        serve_at - {{ horizon }} as cutoff_at,
        'evaluate' as role,
        serve_at as label_until

    from log_ends

    union all

    select
        log_ends.serve_at - {{ horizon }} * (1 + training_steps.step) as cutoff_at,
        'train' as role,
        log_ends.serve_at - {{ horizon }} * training_steps.step as label_until

    from log_ends

    cross join training_steps

),

final as (

    select
        role,
        cast(cutoff_at as timestamp) as cutoff_at,
        cast(label_until as timestamp) as label_until

    from cutoffs

    -- A search for settings, and a benchmark, can do without some.
    where role in ('{{ roles }}')

)

select * from final
