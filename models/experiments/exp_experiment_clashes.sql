-- Lines that are well written and cannot be analysed: what they name is unknown, or they get in the
-- way of another line.
with

lines as (

    select
        line_number,
        experiment_id,
        layer,
        salt,
        primary_metric,
        guardrails,
        layer_from,
        layer_until,
        starts_at,
        ends_at

    from {{ ref('exp_experiment_lines') }}

    where reject_reason is null

),

metrics as (

    select metric from {{ ref('exp_metrics') }}

),

guardrails as (

    select
        line_number,
        split_part(unnest(string_split_regex(guardrails, '\s+')), ':', 1) as metric

    from lines

    where guardrails != ''

),

unknown_guardrails as (

    select distinct guardrails.line_number

    from guardrails

    left join metrics
        on guardrails.metric = metrics.metric

    where metrics.metric is null

),

-- Two lines of one id: a restart or new shares, whose users would be mixed. Two experiments of one
-- layer at one time on the same buckets: they would not exclude each other. One salt twice: the
-- users of one would be split by the other.
clashes as (

    select
        lines.line_number,
        case
            when bool_or(lines.experiment_id = other_lines.experiment_id) then 'repeated_id'
            when bool_or(lines.salt = other_lines.salt) then 'repeated_salt'
            else 'overlaps_in_its_layer'
        end as reject_reason

    from lines

    inner join lines as other_lines
        on
            lines.line_number != other_lines.line_number
            and (
                lines.experiment_id = other_lines.experiment_id
                or lines.salt = other_lines.salt
                or (
                    lines.layer = other_lines.layer
                    and lines.starts_at < other_lines.ends_at
                    and other_lines.starts_at < lines.ends_at
                    and lines.layer_from < other_lines.layer_until
                    and other_lines.layer_from < lines.layer_until
                )
            )

    group by lines.line_number

),

final as (

    select
        lines.line_number,
        coalesce(
            clashes.reject_reason,
            case
                when metrics.metric is null then 'unknown_metric'
                else 'unknown_guardrail'
            end
        ) as reject_reason

    from lines

    left join metrics
        on lines.primary_metric = metrics.metric

    left join unknown_guardrails
        on lines.line_number = unknown_guardrails.line_number

    left join clashes
        on lines.line_number = clashes.line_number

    where
        clashes.line_number is not null
        or metrics.metric is null
        or unknown_guardrails.line_number is not null

)

select * from final
