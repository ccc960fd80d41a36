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

-- The general list holds every available item, so it says what may be offered.
available_items as (

    select item_id from {{ ref('rec_popular_items') }}

    where segment = 'all'

),

allowed as (

    select
        offers.user_id,
        offers.item_id,
        offers.source,
        offers.evidence_item_id,
        offers.tier,
        offers.rank_in_tier,
        offers.score

    from offers

    inner join available_items
        on offers.item_id = available_items.item_id

    left join excluded
        on
            offers.user_id = excluded.user_id
            and offers.item_id = excluded.item_id

    where excluded.item_id is null

)

select * from allowed
