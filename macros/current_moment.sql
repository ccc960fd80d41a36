{#
    "Now" in UTC: of the run that builds, else the mapping's `as_of`, else the clock.

    What cannot be read as a moment is an error. Were it null, every event would be in the future.
#}
{% macro current_moment() -%}
    {%- set as_of = env_var("TOPSHELF_AS_OF", "") or var("mapping").get("as_of") -%}
    {%- if as_of -%}
    {%- set text = "'" ~ as_of ~ "'" -%}
    coalesce({{ utc_timestamp(text) }}, cast({{ text }} as timestamp))
    {%- else -%}
    cast(timezone('UTC', now()) as timestamp)
    {%- endif -%}
{%- endmacro %}
