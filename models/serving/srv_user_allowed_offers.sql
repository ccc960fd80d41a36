-- The offers that a user may get, each tier in the order that boosts, buries and settings leave.
with

offers as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        rank_in_tier,
        score

    from {{ ref('srv_user_personal_offers') }}

),

excluded as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_excluded_items') }}

),

items as (

    select
        item_id,
        rule_factor * taste_factor as list_factor

    from {{ ref('srv_items') }}

),

allowed as (

    select
        offers.user_id,
        offers.item_id,
        offers.source,
        offers.evidence_item_id,
        offers.tier,
        offers.rank_in_tier,
        offers.score,
        items.list_factor

    from offers

    inner join items
        on offers.item_id = items.item_id

    left join excluded
        on
            offers.user_id = excluded.user_id
            and offers.item_id = excluded.item_id

    where excluded.item_id is null

),

-- A factor changes the score of the place, which never rises down the list; what SQL alone
-- proposes has no probability, and the reciprocal of the rank takes its place.
weighted as (

    select
        *,
        list_factor * coalesce(
            min(score) over (
                partition by user_id, tier
                order by rank_in_tier
                rows between unbounded preceding and current row
            ),
            1.0 / rank_in_tier
        ) as list_score

    from allowed

),

final as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        cast(
            row_number() over (
                partition by user_id, tier
                order by list_score desc, rank_in_tier asc, item_id asc
            ) as bigint
        ) as rank_in_tier,
        score

    from weighted

)

select * from final
