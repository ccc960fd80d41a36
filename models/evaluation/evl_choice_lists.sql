-- The lists of ten that the two stages would have shown under each choice, at some strengths. To be
-- looked at: nothing is chosen from it.
with

offers as (

    select
        user_id,
        item_id,
        category,
        offer_rank,
        place_score,
        user_count,
        days_since_first,
        cutoff_at

    from {{ ref('evl_choice_offers') }}

),

diverse_positions as (

    select
        user_id,
        item_id,
        trade_off,
        diverse_position,
        cutoff_at

    from {{ source('ml', 'diverse_positions') }}

),

ruled_lists as (

    select
        user_id,
        item_id,
        choice,
        strength,
        recommended_rank,
        cutoff_at

    from {{ ref('evl_ruled_lists') }}

),

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'evaluate'

),

choices as (

    select
        'plain' as choice,
        0.0 as strength

    union all

    select
        'category_limit' as choice,
        unnest([3.0, 2.0, 1.0]) as strength

    union all

    select
        'novelty' as choice,
        unnest([0.1, 0.2, 0.5]) as strength

    union all

    select
        'freshness' as choice,
        unnest([0.5, 1.0, 3.0]) as strength

),

weighted as (

    select
        offers.user_id,
        offers.item_id,
        choices.choice,
        choices.strength,
        offers.offer_rank,
        offers.place_score * case choices.choice
            when 'novelty'
                then
                    {{ taste_factor(
                        "offers.user_count", "offers.days_since_first", "choices.strength", 0
                    ) }}
            when 'freshness'
                then
                    {{ taste_factor(
                        "offers.user_count", "offers.days_since_first", 0, "choices.strength"
                    ) }}
            else 1
        end as list_score,
        choices.choice = 'category_limit'
        and offers.category is not null
        and row_number() over (
            partition by choices.choice, choices.strength, offers.user_id, offers.category
            order by offers.offer_rank
        ) > choices.strength as is_over_limit,
        offers.cutoff_at

    from offers

    cross join choices

),

ranked as (

    select
        user_id,
        item_id,
        choice,
        strength,
        row_number() over (
            partition by choice, strength, user_id
            order by is_over_limit asc, list_score desc, offer_rank asc
        ) as recommended_rank,
        cutoff_at

    from weighted

    union all

    select
        diverse_positions.user_id,
        diverse_positions.item_id,
        'mmr' as choice,
        diverse_positions.trade_off as strength,
        diverse_positions.diverse_position as recommended_rank,
        diverse_positions.cutoff_at

    from diverse_positions

    inner join cutoffs
        on diverse_positions.cutoff_at = cutoffs.cutoff_at

    union all

    select
        user_id,
        item_id,
        choice,
        strength,
        recommended_rank,
        cutoff_at

    from ruled_lists

),

final as (

    select
        user_id,
        item_id,
        choice,
        cast(strength as double) as strength,
        cast(recommended_rank as integer) as recommended_rank,
        cutoff_at

    from ranked

    where recommended_rank <= 10

)

select * from final
