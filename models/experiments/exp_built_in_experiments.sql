{%- set history_days = var("experiment_history_days") -%}

-- The experiments that nobody has to write: `history`, two halves that were treated alike, from
-- which baselines come and in which nothing should be found, and `holdout`: whom no release touches
-- against all others.
with

log_ends as (

    select observed_until from {{ ref('int_log_end') }}

),

holdouts as (

    select
        salt,
        serves,
        share,
        first_shown_at

    from {{ ref('exp_holdout') }}

),

built_in as (

    select
        0 as line_number,
        'history' as experiment_id,
        'history' as salt,
        'one_half:0.5:live other_half:0.5:live' as variants,
        'Two halves that were treated alike' as note,
        observed_until - interval '{{ history_days }}' day as starts_at,
        observed_until as ends_at

    from log_ends

    union all

    select
        -1 as line_number,
        'holdout' as experiment_id,
        holdouts.salt,
        'held_out:' || holdouts.share || ':' || holdouts.serves
        || ' others:' || round(1 - holdouts.share, 9) || ':live' as variants,
        'Whom no release touches, against all others' as note,
        greatest(
            holdouts.first_shown_at, log_ends.observed_until - interval '{{ history_days }}' day
        ) as starts_at,
        log_ends.observed_until as ends_at

    from log_ends

    cross join holdouts

    where holdouts.share > 0 and holdouts.first_shown_at < log_ends.observed_until

),

final as (

    select
        cast(line_number as bigint) as line_number,
        experiment_id,
        experiment_id as layer,
        salt,
        variants,
        'user' as unit,
        'd7_return' as primary_metric,
        '' as guardrails,
        note,
        cast(null as varchar) as reject_reason,
        cast(0 as double) as layer_from,
        cast(1 as double) as layer_until,
        cast(0 as double) as holdout,
        cast(starts_at as timestamp) as starts_at,
        cast(ends_at as timestamp) as ends_at

    from built_in

)

select * from final
