{%- set list_length = var("recommendations_per_user") -%}

-- The rules of this log as they are written, and what is wrong with the writing of each.
with

lines as (

    select
        rule,
        applies_to,
        target,
        value,
        starts_at,
        ends_at,
        note

    from {{ ref('rules') }}

    where trim(mapping) = '{{ var("mapping")["name"] }}'

),

-- A line that is written twice counts once.
renamed as (

    select distinct
        lower(trim(rule)) as rule_type,
        lower(trim(applies_to)) as applies_to,
        nullif(trim(target), '') as rule_target,
        nullif(trim(value), '') as value,
        nullif(trim(note), '') as note,
        try_cast(trim(value) as double) as number,
        nullif(trim(starts_at), '') as starts_text,
        nullif(trim(ends_at), '') as ends_text,
        {{ utc_timestamp('starts_at') }} as starts_at,
        {{ utc_timestamp('ends_at') }} as ends_at

    from lines

),

final as (

    select
        row_number() over (
            order by
                rule_type, applies_to, rule_target, value, starts_text, ends_text, note
        ) as rule_number,
        rule_type,
        applies_to,
        rule_target,
        value,
        note,
        case
            when
                rule_type is null
                or rule_type not in ('pin', 'boost', 'bury', 'exclude', 'max_per_category')
                then 'unknown_rule'
            when applies_to is null or applies_to not in ('item', 'category')
                then 'unknown_kind_of_target'
            when
                (rule_type = 'pin' and applies_to != 'item')
                or (rule_type = 'max_per_category' and applies_to != 'category')
                then 'wrong_kind_of_target'
            when rule_target is null then 'missing_target'
            when
                not coalesce(
                    case rule_type
                        when 'pin'
                            then number between 1 and {{ list_length }} and number = floor(number)
                        when 'boost' then number > 1 and number <= 1000
                        when 'bury' then number > 0 and number < 1
                        when 'max_per_category' then number >= 1 and number = floor(number)
                        else value is null
                    end, false
                )
                then 'value_out_of_range'
            when
                (starts_text is not null and starts_at is null)
                or (ends_text is not null and ends_at is null)
                then 'unreadable_moment'
            when starts_at >= ends_at then 'ends_before_it_starts'
        end as reject_reason,
        number,
        cast(starts_at as timestamp) as starts_at,
        cast(ends_at as timestamp) as ends_at

    from renamed

)

select * from final
