{%- set horizon = "interval " ~ (var("mapping").get("horizon_days") or 28) ~ " day" -%}
{%- set roles = var("cutoff_roles") | join("', '") -%}

with

interactions as (

    select known_at from {{ ref('int_interactions') }}

    where known_at < {{ current_moment() }}

),

-- A log that has ended is served from the midnight after its last event; a live one from now.
bounds as (

    select
        least(
            {{ current_moment() }},
            date_trunc('day', max(known_at)) + interval 1 day
        ) as serve_at

    from interactions

),

training_steps as (

    select generate_series as step from generate_series(1, {{ var('training_cutoffs') }})

),

cutoffs as (

    select
        serve_at as cutoff_at,
        'serve' as role,
        cast(null as timestamp) as label_until

    from bounds

    union all

    select
        serve_at - {{ horizon }} as cutoff_at,
        'evaluate' as role,
        serve_at as label_until

    from bounds

    union all

    select
        bounds.serve_at - {{ horizon }} * (1 + training_steps.step) as cutoff_at,
        'train' as role,
        bounds.serve_at - {{ horizon }} * training_steps.step as label_until

    from bounds

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
