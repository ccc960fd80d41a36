-- Lines that are well written and cannot be analysed: they get in the way of another line, what
-- they name is unknown, or they have begun before.
with

lines as (

    select
        line_number,
        experiment_id,
        primary_metric,
        guardrails,
        starts_at

    from {{ ref('exp_experiment_lines') }}

    where reject_reason is null

),

overlapping as (

    select
        line_number,
        reject_reason

    from {{ ref('exp_experiment_overlaps') }}

),

-- Moved under its name, an experiment would count users who have met it in its other time.
labelled_lists as (

    select
        experiment_id,
        first_shown_at

    from {{ ref('exp_labelled_lists') }}

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

final as (

    select
        lines.line_number,
        case
            when overlapping.reject_reason is not null then overlapping.reject_reason
            when metrics.metric is null then 'unknown_metric'
            when unknown_guardrails.line_number is not null then 'unknown_guardrail'
            else 'shown_before_its_start'
        end as reject_reason

    from lines

    left join overlapping
        on lines.line_number = overlapping.line_number

    left join metrics
        on lines.primary_metric = metrics.metric

    left join unknown_guardrails
        on lines.line_number = unknown_guardrails.line_number

    left join labelled_lists
        on lines.experiment_id = labelled_lists.experiment_id

    where
        overlapping.line_number is not null
        or metrics.metric is null
        or unknown_guardrails.line_number is not null
        or labelled_lists.first_shown_at < lines.starts_at

)

select * from final
