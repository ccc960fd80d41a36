{#
    "Now" in UTC: of the run that builds, else the mapping's `as_of`, else just before dbt began.

    What cannot be read as a moment is an error. Were it null, every event would be in the future.
#}
{% macro current_moment() -%}
    {%- set as_of = env_var("TOPSHELF_AS_OF", "") or var("mapping").get("as_of") -%}
    {%- set text = "'" ~ (as_of or landed_until()) ~ "'" -%}
    coalesce({{ utc_timestamp(text) }}, cast({{ text }} as timestamp))
{%- endmacro %}


{#
    Until when dbt reads what the online application lands: one moment for all that a command
    builds, so that what is not read lies after every cutoff, and counts online. A second before
    the command began, by when what had landed is in its file.
#}
{% macro landed_until() -%}
    {{ (run_started_at - modules.datetime.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ") }}
{%- endmacro %}
