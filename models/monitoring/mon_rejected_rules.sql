-- Rules that cannot be applied, with what is wrong and what to do.
with

rules as (

    select
        rule_number,
        rule_type,
        applies_to,
        rule_target,
        value,
        note,
        reject_reason

    from {{ ref('srv_rules') }}

    where reject_reason is not null

),

final as (

    select
        rule_number,
        rule_type,
        applies_to,
        rule_target,
        value,
        note,
        reject_reason,
        case reject_reason
            when 'unknown_rule'
                then 'rule must be pin, boost, bury, exclude or max_per_category'
            when 'unknown_kind_of_target' then 'applies_to must be item or category'
            when 'wrong_kind_of_target'
                then 'pin applies to an item, max_per_category to a category'
            when 'missing_target' then 'target must name an item or a category'
            when 'value_out_of_range'
                then
                    'value must be: pin, a whole number from 1 to '
                    || '{{ var("recommendations_per_user") }}'
                    || '; boost, a number above 1, at most 1000; bury, a number between 0 and 1;'
                    || ' max_per_category, a whole number from 1; exclude, empty'
            when 'unreadable_moment'
                then 'starts_at and ends_at must be dates or times, such as 2026-11-27 08:00'
            when 'ends_before_it_starts' then 'ends_at must be later than starts_at'
            when 'unknown_item' then 'target must be an item_id of the catalogue or the log'
            when 'unknown_category' then 'target must be a category of the catalogue'
            when 'clashes_with_another_pin'
                then 'one rank holds one item at a time, and an item one rank: end one of the two'
        end || '; edit seeds/rules.csv' as remedy

    from rules

)

select * from final
