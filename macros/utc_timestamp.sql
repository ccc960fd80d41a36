{#
    A moment from text, as a timestamp in UTC; null when it cannot be read.

    Read are epoch seconds, milliseconds and microseconds, and ISO 8601 with or without an offset
    or a zone name. A time without one is taken to be in the zone given by the mapping.
#}
{% macro utc_timestamp(column, time_zone="UTC") -%}
    {%- set offset = "[+-]\\d{2}(:?\\d{2})?" -%}
    {#- DuckDB reads no offset without a colon, after a space or after minutes, and no lower z. -#}
    {%- set text = "regexp_replace(trim(" ~ column ~ "), '[zZ]$', 'Z')" -%}
    {%- set text = "regexp_replace(" ~ text ~ ", '(:\\d{2}(\\.\\d+)?)\\s+(" ~ offset ~ ")$', '\\1\\3')" -%}
    {%- set text = "regexp_replace(" ~ text ~ ", '([T ]\\d{2}:\\d{2})(Z|" ~ offset ~ ")$', '\\1:00\\2')" -%}
    {%- set text = "regexp_replace(" ~ text ~ ", '(:\\d{2}(\\.\\d+)?[+-]\\d{2})(\\d{2})$', '\\1:\\3')" -%}
    case
        when regexp_full_match(trim({{ column }}), '\d{9,10}(\.\d+)?')
            then timezone('UTC', to_timestamp(try_cast({{ column }} as double)))
        when regexp_full_match(trim({{ column }}), '\d{12,13}(\.\d+)?')
            then epoch_ms(cast(try_cast({{ column }} as double) as bigint))
        when regexp_full_match(trim({{ column }}), '\d{15,16}(\.0*)?')
            then make_timestamp(cast(try_cast({{ column }} as double) as bigint))
        when regexp_full_match(trim({{ column }}), '[+-]?[a-zA-Z]+') then null
        when regexp_matches({{ text }}, ':\d{2}.*(Z|[+-]\d{2}(:\d{2})?|[A-Za-z]{3,}[A-Za-z_/]*)$')
            then timezone('UTC', try_cast({{ text }} as timestamptz))
        else timezone('UTC', timezone('{{ time_zone }}', try_cast({{ text }} as timestamp)))
    end
{%- endmacro %}
