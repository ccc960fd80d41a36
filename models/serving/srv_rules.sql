-- The rules, those that cannot be applied with the reason, and which hold at the serving moment.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

lines as (

    select
        rule_number,
        rule_type,
        applies_to,
        rule_target,
        value,
        note,
        reject_reason,
        number,
        starts_at,
        ends_at

    from {{ ref('srv_rule_lines') }}

),

catalog as (

    select
        item_id,
        category

    from {{ ref('stg_catalog__items') }}

),

interactions as (

    select item_id from {{ ref('int_interactions') }}

),

targets as (

    select
        'item' as applies_to,
        item_id as rule_target

    from catalog

    union

    select
        'item' as applies_to,
        item_id as rule_target

    from interactions

    union

    select
        'category' as applies_to,
        category as rule_target

    from catalog

),

-- Two pins exclude each other where they hold at the same time on one rank, or for one item.
clashes as (

    select distinct lines.rule_number

    from lines

    inner join lines as other_lines
        on
            lines.rule_type = 'pin'
            and other_lines.rule_type = 'pin'
            and lines.reject_reason is null
            and other_lines.reject_reason is null
            and lines.rule_number != other_lines.rule_number
            and (lines.number = other_lines.number or lines.rule_target = other_lines.rule_target)
            and coalesce(lines.starts_at < other_lines.ends_at, true)
            and coalesce(other_lines.starts_at < lines.ends_at, true)

),

-- The catalogue may have forgotten the target of a rule that is over.
judged as (

    select
        lines.rule_number,
        lines.rule_type,
        lines.applies_to,
        lines.rule_target,
        lines.value,
        lines.note,
        case
            when lines.reject_reason is not null then lines.reject_reason
            when coalesce(lines.ends_at <= cutoffs.cutoff_at, false) then null
            when
                targets.rule_target is null
                and not (lines.rule_type = 'max_per_category' and lines.rule_target = '*')
                then 'unknown_' || lines.applies_to
            when clashes.rule_number is not null then 'clashes_with_another_pin'
        end as reject_reason,
        lines.number,
        coalesce(lines.starts_at <= cutoffs.cutoff_at, true)
        and coalesce(lines.ends_at > cutoffs.cutoff_at, true) as is_current,
        lines.starts_at,
        lines.ends_at

    from lines

    cross join cutoffs

    left join targets
        on
            lines.applies_to = targets.applies_to
            and lines.rule_target = targets.rule_target

    left join clashes
        on lines.rule_number = clashes.rule_number

),

final as (

    select
        cast(rule_number as bigint) as rule_number,
        rule_type,
        applies_to,
        rule_target,
        value,
        note,
        reject_reason,
        cast(number as double) as number,
        is_current and reject_reason is null as is_applied,
        starts_at,
        ends_at

    from judged

)

select * from final
