{# "Now" in UTC: of the run that builds, else the mapping's `as_of`, else the clock. #}
{% macro current_moment() -%}
    {%- set as_of = env_var("TOPSHELF_AS_OF", "") or var("mapping").get("as_of") -%}
    {%- if as_of -%}
    cast('{{ as_of }}' as timestamp)
    {%- else -%}
    cast(timezone('UTC', now()) as timestamp)
    {%- endif -%}
{%- endmacro %}
