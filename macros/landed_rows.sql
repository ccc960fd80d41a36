{#
    Rows of the landing log, in which the online application keeps the events that it accepts and
    the items that it shows, as the columns of a mapped view; empty where there is no such log.

    A line that a crash left torn has no user, and none has what was shown beside an item: they are
    passed over. What lands while dbt runs waits for the next run, and is younger than this one's
    cutoff: no event is in neither. Moments are compared as text, in the form in which they land.
#}
{% macro landed_rows(name, columns, moment) -%}
    {%- set files = landing_files(name) -%}
    {%- if has_files(files) -%}
    union all by name
    select
        {% for column in columns -%}
        {{ column }},
        {% endfor -%}
        map(cast([] as varchar[]), cast([] as varchar[])) as attributes
    from read_json(
        {{ quoted_literal(files) }},
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            {%- for column in columns %}{{ quoted_literal(column) }}: 'varchar'{{ ", " if not loop.last }}{% endfor -%}
        }
    )
    where
        user_id is not null
        and {{ moment }} < '{{ landed_until() }}'
    {%- endif -%}
{%- endmacro %}


{#
    Pattern of the files of one stream: they lie beside the warehouse, in a folder whose own name is
    no pattern, whatever characters it has.
#}
{% macro landing_files(name) -%}
    {%- set folder = (target.path | replace("\\", "/")).rsplit("/", 1)[0] -%}
    {{ folder | replace("[", "[[]") | replace("*", "[*]") | replace("?", "[?]") }}/landing/{{ name }}/*.jsonl
{%- endmacro %}


{% macro has_files(pattern) -%}
    {%- set found = run_query("select count(*) from glob(" ~ quoted_literal(pattern) ~ ")") -%}
    {{- "yes" if found.rows[0][0] > 0 -}}
{%- endmacro %}
