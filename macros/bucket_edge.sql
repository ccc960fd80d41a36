{#
    The first bucket, of 10,000, after a share of them: `_edge` of `serving/assignment.py` in SQL,
    and a test holds the two equal. Billionths are counted, because sums and products of binary
    fractions fall on either side of a half as they like.
#}
{% macro bucket_edge(share) -%}
    cast(round(cast({{ share }} as decimal(18, 9)) * 10000) as bigint)
{%- endmacro %}
