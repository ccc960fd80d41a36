{{ config(meta={"dagster": {"ref": {"name": "mon_rejected_rules"}}}) }}

-- A rule that silently does nothing may be the one that keeps an item off the page, so lists are
-- not published without it. The failure says which rule, and what to write instead.
with

rejected as (

    select
        rule_type,
        applies_to,
        rule_target,
        value,
        reject_reason,
        remedy

    from {{ ref('mon_rejected_rules') }}

),

described as (

    select
        string_agg(
            concat_ws(' ', rule_type, applies_to, rule_target, value)
            || ': ' || reject_reason || '; ' || remedy,
            chr(10)
            order by rule_type, applies_to, rule_target, value
        ) as faults

    from rejected

)

select faults from described

where case when faults is not null then error(chr(10) || faults) is null else false end
