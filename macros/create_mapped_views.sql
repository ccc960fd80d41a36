{#
    The mapping as views: `mapped.events`, `mapped.items`, `mapped.users`, `mapped.impressions`,
    `mapped.assignments`, `mapped.experiments`.
    Every column has topshelf's name and is text, whatever the source has; what is not mapped is
    null, and a relation that is not mapped has no rows. Nothing is copied. Events that the online
    application accepted, and what it showed, are rows like the others.
#}
{% macro create_mapped_views() -%}
    {%- if execute -%}
    create schema if not exists mapped;
    {{ create_mapped_view("events", [
        "event_id", "user_id", "item_id", "session_id", "anonymous_id", "request_id",
        "event_type", "surface", "device", "value", "occurred_at", "loaded_at",
    ], "loaded_at") }}
    {{ create_mapped_view("items", [
        "item_id", "title", "category", "price", "available", "created_at",
    ]) }}
    {{ create_mapped_view("users", ["user_id", "segment", "signed_up_at"]) }}
    {{ create_mapped_view("impressions", [
        "request_id", "user_id", "item_id", "surface", "release_id", "variant", "fallback",
        "is_degraded", "rank", "propensity", "propensity_kind", "duration_ms", "shown_at",
        "loaded_at",
    ], "shown_at") }}
    {{ create_mapped_view("assignments", [
        "user_id", "experiment_id", "variation_id", "timestamp",
    ]) }}
    {{ create_mapped_view("experiments", [
        "experiment_id", "layer", "layer_from", "layer_until", "salt", "variants", "starts_at",
        "ends_at", "unit", "primary_metric", "guardrails", "holdout", "note",
    ]) }}
    {%- endif -%}
{%- endmacro %}


{% macro create_mapped_view(name, columns, landed_by=none) -%}
    {%- set source = var("mapping").get(name) or {} -%}
    {#- dbt by itself reads the mapping unchecked: what is sensitive and not allowed stays out. -#}
    {%- set allowed = (source.get("allowed_sensitive") or []) | map("lower") | list -%}
    {%- set refused = (source.get("sensitive") or []) | map("lower") | reject("in", allowed) | list -%}
    {%- set mapped = {} -%}
    {%- for column, name in (source.get("columns") or {}).items() if name | lower not in refused -%}
    {%- do mapped.update({column: name}) -%}
    {%- endfor -%}
    {%- set attributes = [] -%}
    {%- for name in source.get("attributes") or [] if name | lower not in refused -%}
    {%- do attributes.append(name) -%}
    {%- endfor -%}
    create or replace view mapped.{{ name }} as
    select
        {%- for column in columns %}
        {% if column in mapped -%}
        cast({{ quoted_identifier(mapped[column]) }} as varchar) as {{ quoted_identifier(column) }},
        {%- else -%}
        cast(null as varchar) as {{ quoted_identifier(column) }},
        {%- endif %}
        {%- endfor %}
        map(
            cast([{% for attribute in attributes %}{{ quoted_literal(attribute) }}{{ ", " if not loop.last }}{% endfor %}] as varchar[]),
            cast([
                {%- for attribute in attributes -%}
                cast({{ quoted_identifier(attribute) }} as varchar){{ ", " if not loop.last }}
                {%- endfor -%}
            ] as varchar[])
        ) as attributes
    {%- set names = (mapped.values() | list + attributes) | unique(case_sensitive=true) | list %}
    from {{ mapped_relation(source["relation"], names) if source else no_rows(mapped) }}
    {{ landed_rows(name, columns, landed_by) if landed_by }};
{%- endmacro %}


{#
    How a relation of the mapping is read: a file pattern by its ending, else a table or view.

    Text files are read as text: a guess by their first rows changes ids and times, and fails at the
    first row that is otherwise. So JSON is read by the names of its keys; without names it is one
    column, `json`, of whole objects.
#}
{% macro mapped_relation(relation, names=[]) -%}
    {%- set path = relation | lower -%}
    {%- set path = path[:-3] if path.endswith(".gz") else path -%}
    {%- if path.endswith(".parquet") -%}
    read_parquet({{ quoted_literal(relation) }}, union_by_name = true)
    {%- elif path.endswith(".csv") or path.endswith(".tsv") -%}
    read_csv(
        {{ quoted_literal(relation) }},
        header = true,
        quote = '"',
        escape = '"',
        all_varchar = true,
        union_by_name = true
    )
    {%- elif path.endswith(".json") or path.endswith(".jsonl") or path.endswith(".ndjson") -%}
    {%- if names -%}
    read_json(
        {{ quoted_literal(relation) }},
        columns = {
            {%- for name in names %}{{ quoted_literal(name) }}: 'varchar'{{ ", " if not loop.last }}{% endfor -%}
        }
    )
    {%- else -%}
    read_json_objects({{ quoted_literal(relation) }})
    {%- endif -%}
    {%- else -%}
    {%- for part in relation.split(".") -%}
    {{ quoted_identifier(part | trim('"')) }}{{ "." if not loop.last }}
    {%- endfor %}
    {%- endif -%}
{%- endmacro %}


{% macro no_rows(mapped) -%}
    (select 1 where false) as no_rows
{%- endmacro %}


{% macro quoted_identifier(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}


{% macro quoted_literal(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}
