{# "Now" in UTC: the mapping's `as_of`, else the clock. #}
{% macro current_moment() -%}
    {%- if var("mapping").get("as_of") -%}
    cast('{{ var("mapping")["as_of"] }}' as timestamp)
    {%- else -%}
    cast(timezone('UTC', now()) as timestamp)
    {%- endif -%}
{%- endmacro %}
