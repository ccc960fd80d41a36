{#
    What the settings make of an item's score: less for what many know (novelty), more for what is
    new (freshness). Both weights at 0 leave every score as it is. A freshness weight of 1 doubles
    the score of an item on its first day; an item of unknown age counts as old.
#}
{% macro taste_factor(user_count, days_since_first, novelty_weight, freshness_weight) -%}
    pow(1 + coalesce({{ user_count }}, 0), -1.0 * {{ novelty_weight }})
    * (
        1 + {{ freshness_weight }} * coalesce(
            case
                when {{ days_since_first }} <= 0 then 1
                else pow(0.5, {{ days_since_first }} / {{ var("freshness_half_life_days") }})
            end, 0
        )
    )
{%- endmacro %}
