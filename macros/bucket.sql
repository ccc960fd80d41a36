{#
    The bucket of a unit, from 0 to buckets - 1: `serving.buckets.bucket` in SQL, and a test holds
    the two equal. The first eight hexadecimal digits of an md5 are read one by one, by their place
    in a text, because each dialect has its own way to read a hexadecimal number.
#}
{% macro bucket(salt, unit_id, buckets=10000) -%}
    cast(
        (
            {%- for place in range(1, 9) %}
            cast(
                position(
                    substr(md5({{ salt }} || ':' || {{ unit_id }}), {{ place }}, 1)
                    in '0123456789abcdef'
                ) - 1 as bigint
            ) * {{ 16 ** (8 - place) }}
            {%- if not loop.last %} +{% endif %}
            {%- endfor %}
        ) % {{ buckets }} as bigint
    )
{%- endmacro %}
