{# How many people turned to an item, as the end of a reason; nothing where there were none. #}
{% macro people_lately(count) -%}
    case
        when coalesce({{ count }}, 0) = 0 then ''
        when {{ count }} = 1 then ': 1 person in 28 days'
        else ': ' || {{ count }} || ' people in 28 days'
    end
{%- endmacro %}
