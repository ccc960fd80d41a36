{# The expression is true in every row; null is not true. #}
{% test holds(model, expression) %}

select *

from {{ model }}

where ({{ expression }}) is not true

{% endtest %}
