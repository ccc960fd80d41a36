{%- set history_days = var("experiment_history_days") -%}

-- The experiments of this log, those that cannot be analysed with the reason, `history`: two
-- halves that were treated alike, from which baselines come and in which nothing should be found,
-- and `holdout`: whom no release touches against all others.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

lines as (

    select
        line_number,
        experiment_id,
        layer,
        salt,
        variants,
        unit,
        primary_metric,
        guardrails,
        note,
        reject_reason,
        layer_from,
        layer_until,
        holdout,
        starts_at,
        ends_at

    from {{ ref('exp_experiment_lines') }}

),

holdouts as (

    select
        salt,
        serves,
        share,
        first_shown_at

    from {{ ref('exp_holdout') }}

),

clashes as (

    select
        line_number,
        reject_reason

    from {{ ref('exp_experiment_clashes') }}

),

judged as (

    select
        lines.* exclude (reject_reason, holdout),
        greatest(lines.holdout, holdouts.share) as holdout,
        coalesce(lines.reject_reason, clashes.reject_reason) as reject_reason

    from lines

    left join clashes
        on lines.line_number = clashes.line_number

    cross join holdouts

),

with_built_in as (

    select * from judged

    union all by name

    select
        0 as line_number,
        'history' as experiment_id,
        'history' as layer,
        'history' as salt,
        'one_half:0.5:live other_half:0.5:live' as variants,
        'user' as unit,
        'd7_return' as primary_metric,
        '' as guardrails,
        'Two halves that were treated alike' as note,
        cast(null as varchar) as reject_reason,
        0.0 as layer_from,
        1.0 as layer_until,
        0.0 as holdout,
        cutoff_at - interval '{{ history_days }}' day as starts_at,
        cutoff_at as ends_at

    from cutoffs

    where cutoff_at is not null

    union all by name

    select
        -1 as line_number,
        'holdout' as experiment_id,
        'holdout' as layer,
        holdouts.salt,
        'held_out:' || holdouts.share || ':' || holdouts.serves
        || ' others:' || round(1 - holdouts.share, 9) || ':live' as variants,
        'user' as unit,
        'd7_return' as primary_metric,
        '' as guardrails,
        'Whom no release touches, against all others' as note,
        cast(null as varchar) as reject_reason,
        0.0 as layer_from,
        1.0 as layer_until,
        0.0 as holdout,
        greatest(
            holdouts.first_shown_at, cutoffs.cutoff_at - interval '{{ history_days }}' day
        ) as starts_at,
        cutoffs.cutoff_at as ends_at

    from cutoffs

    cross join holdouts

    where holdouts.share > 0 and holdouts.first_shown_at < cutoffs.cutoff_at

),

final as (

    select
        cast(line_number as bigint) as line_number,
        experiment_id,
        layer,
        salt,
        variants,
        unit,
        primary_metric,
        guardrails,
        note,
        reject_reason,
        cast(layer_from as double) as layer_from,
        cast(layer_until as double) as layer_until,
        cast(holdout as double) as holdout,
        cast(starts_at as timestamp) as starts_at,
        cast(ends_at as timestamp) as ends_at

    from with_built_in

)

select * from final
