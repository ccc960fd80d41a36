-- What each choice for lists costs in nDCG@10, and what it buys.
with

qualities as (

    select
        choice,
        strength,
        coverage,
        category_diversity,
        novelty_bits,
        recent_item_share

    from {{ ref('evl_choice_quality') }}

),

costs as (

    select
        choice,
        strength,
        ndcg_10,
        difference,
        lower,
        upper,
        user_count

    from {{ source('ml', 'list_costs') }}

),

final as (

    select
        costs.choice,
        costs.strength,
        cast(costs.user_count as bigint) as user_count,
        costs.ndcg_10,
        costs.difference,
        costs.lower,
        costs.upper,
        qualities.coverage,
        qualities.category_diversity,
        qualities.novelty_bits,
        qualities.recent_item_share

    from costs

    inner join qualities
        on
            costs.choice = qualities.choice
            and costs.strength = qualities.strength

)

select * from final
