-- The experiments of this log, those that cannot be analysed with the reason, and the built-in
-- ones.
with

built_in as (

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
        cast(null as varchar) as written_in,
        reject_reason,
        layer_from,
        layer_until,
        holdout,
        starts_at,
        ends_at

    from {{ ref('exp_built_in_experiments') }}

),

lines as (

    select * from {{ ref('exp_experiment_lines') }}

),

holdouts as (

    select share from {{ ref('exp_holdout') }}

),

clashes as (

    select
        line_number,
        reject_reason

    from {{ ref('exp_experiment_clashes') }}

),

-- Who is held out of all experiments is held out of each.
judged as (

    select
        lines.line_number,
        lines.experiment_id,
        lines.layer,
        lines.salt,
        lines.variants,
        lines.unit,
        lines.primary_metric,
        lines.guardrails,
        lines.note,
        lines.written_in,
        coalesce(lines.reject_reason, clashes.reject_reason) as reject_reason,
        lines.layer_from,
        lines.layer_until,
        greatest(lines.holdout, holdouts.share) as holdout,
        lines.starts_at,
        lines.ends_at

    from lines

    left join clashes
        on lines.line_number = clashes.line_number

    cross join holdouts

),

final as (

    select * from built_in

    union all

    select * from judged

)

select * from final
