{# The ranks of each list run 1, 2, 3, ... #}
{% test ranks_without_gaps(model, lists, rank) %}

select
    {{ lists | join(",\n    ") }},
    count(*) as row_count,
    min({{ rank }}) as first_rank,
    max({{ rank }}) as last_rank

from {{ model }}

group by {{ lists | join(", ") }}

having
    count(distinct {{ rank }}) != count(*)
    or min({{ rank }}) != 1
    or max({{ rank }}) != count(*)

{% endtest %}
