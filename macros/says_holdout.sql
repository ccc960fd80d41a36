{% macro says_holdout(variant) -%}
    regexp_matches({{ variant }}, '(^|[\s,])holdout($|[\s,])')
{%- endmacro %}
