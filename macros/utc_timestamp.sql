{#
    A moment from text, as a timestamp in UTC; null when it cannot be read.

    Read are epoch seconds, milliseconds and microseconds, and ISO 8601 with or without an offset
    or a zone name. A time without one is taken to be in the zone given by the mapping.
#}
{% macro utc_timestamp(column, time_zone="UTC") -%}
    {%- set text = "regexp_replace(trim(" ~ column ~ "), '([+-]\\d{2})(\\d{2})$', '\\1:\\2')" -%}
    case
        when regexp_full_match(trim({{ column }}), '\d{9,10}(\.\d+)?')
            then timezone('UTC', to_timestamp(try_cast({{ column }} as double)))
        when regexp_full_match(trim({{ column }}), '\d{12,13}')
            then epoch_ms(try_cast({{ column }} as bigint))
        when regexp_full_match(trim({{ column }}), '\d{15,16}')
            then make_timestamp(try_cast({{ column }} as bigint))
        when regexp_matches({{ text }}, ':\d{2}.*([zZ]|[+-]\d{2}(:\d{2})?|[A-Za-z]{3,}[A-Za-z_/]*)$')
            then timezone('UTC', try_cast({{ text }} as timestamptz))
        else timezone('UTC', timezone('{{ time_zone }}', try_cast({{ text }} as timestamp)))
    end
{%- endmacro %}
