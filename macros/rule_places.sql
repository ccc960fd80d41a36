{#
    Where limits and pins put what may stand in a list: three common table expressions, to follow
    one named `described` that has `item_id`, `category`, `pinned_rank` and `category_limit`. The
    last of them, `placed`, has `list_rank`: 1 is shown first, no gaps.

    list_key: the columns that name a list. offer_order: the order without rules, total in a list.
#}
{% macro rule_places(list_key, offer_order) -%}
    -- Pinned items count against the limit of their category, and are not held back by it.
    limited as (

        select
            *,
            coalesce(
                pinned_rank is null
                and row_number()
                    over (
                        partition by {{ list_key }}, category, pinned_rank is null
                        order by {{ offer_order }}
                    )
                > category_limit - count(pinned_rank) over (partition by {{ list_key }}, category),
                false
            ) as is_over_limit

        from described

    ),

    ordered as (

        select
            *,
            row_number() over (
                partition by {{ list_key }}, pinned_rank is null
                order by pinned_rank, is_over_limit, {{ offer_order }}
            ) as own_rank

        from limited

    ),

    -- The nth pin comes after as many other items as its rank leaves room for.
    placed as (

        select
            *,
            row_number() over (
                partition by {{ list_key }}
                order by
                    coalesce(pinned_rank + 0.5, 0)
                    + case when pinned_rank is null then own_rank else -own_rank end,
                    pinned_rank,
                    own_rank
            ) as list_rank

        from ordered

    )
{%- endmacro %}
