-- The lists of ten that the two stages would have shown under the rules that hold now, kind by kind
-- and all together, and without what is unavailable now.
with

offers as (

    select
        user_id,
        item_id,
        category,
        offer_rank,
        place_score,
        cutoff_at

    from {{ ref('evl_choice_offers') }}

),

catalog as (

    select
        item_id,
        category,
        is_available

    from {{ ref('stg_catalog__items') }}

),

rules as (

    select
        rule_number,
        rule_type

    from {{ ref('srv_rules') }}

    where is_applied

),

item_rules as (

    select
        item_id,
        rule_type,
        pinned_rank,
        rule_factor,
        category_limit,
        is_excluded

    from {{ ref('srv_item_rules') }}

),

user_items as (

    select
        user_id,
        item_id,
        is_disliked,
        cutoff_at

    from {{ ref('int_user_items') }}

),

unavailable as (

    select item_id from catalog

    where not is_available

),

-- How many rules there are of each kind, and how many items are unavailable.
choices as (

    select
        coalesce(rule_type, 'all') as rule_type,
        count(*) as strength

    from rules

    group by rollup(rule_type)

    having grouping(rule_type) = 0 or count(distinct rule_type) > 1

    union all

    select
        'unavailable' as rule_type,
        count(*) as strength

    from unavailable

    having count(*) > 0

),

ruled_items as (

    select
        item_id,
        rule_type,
        pinned_rank,
        rule_factor,
        category_limit,
        is_excluded

    from item_rules

    union all

    select
        item_id,
        'unavailable' as rule_type,
        null as pinned_rank,
        1 as rule_factor,
        null as category_limit,
        true as is_excluded

    from unavailable

),

users as (

    select distinct
        user_id,
        cutoff_at

    from offers

),

-- A pin reaches who may be offered the item.
pins as (

    select
        users.user_id,
        ruled_items.item_id,
        ruled_items.rule_type,
        ruled_items.pinned_rank

    from users

    inner join ruled_items
        on ruled_items.pinned_rank is not null and not ruled_items.is_excluded

    left join catalog
        on ruled_items.item_id = catalog.item_id

    left join user_items
        on
            users.user_id = user_items.user_id
            and ruled_items.item_id = user_items.item_id
            and users.cutoff_at = user_items.cutoff_at

    where
        coalesce(catalog.is_available, true)
        and (
            user_items.item_id is null
            or (not user_items.is_disliked and {{ var("mapping").get("repeats") or false }})
        )

),

-- The score of a place times the factor of the item, as in the served lists.
weighted as (

    select
        offers.user_id,
        offers.item_id,
        choices.rule_type,
        row_number() over (
            partition by choices.rule_type, offers.user_id
            order by
                offers.place_score * coalesce(ruled_items.rule_factor, 1) desc,
                offers.offer_rank asc
        ) as offer_rank

    from offers

    cross join choices

    left join ruled_items
        on
            offers.item_id = ruled_items.item_id
            and choices.rule_type = ruled_items.rule_type

    where not coalesce(ruled_items.is_excluded, false)

),

-- What is pinned need not be among the offers.
described as (

    select
        coalesce(weighted.user_id, pins.user_id) as user_id,
        coalesce(weighted.item_id, pins.item_id) as item_id,
        coalesce(weighted.rule_type, pins.rule_type) as rule_type,
        catalog.category,
        weighted.offer_rank,
        pins.pinned_rank,
        ruled_items.category_limit

    from weighted

    full join pins
        on
            weighted.user_id = pins.user_id
            and weighted.item_id = pins.item_id
            and weighted.rule_type = pins.rule_type

    left join catalog
        on coalesce(weighted.item_id, pins.item_id) = catalog.item_id

    left join ruled_items
        on
            coalesce(weighted.item_id, pins.item_id) = ruled_items.item_id
            and coalesce(weighted.rule_type, pins.rule_type) = ruled_items.rule_type

),

{{ rule_places("rule_type, user_id", "offer_rank, item_id") }},

final as (

    select
        placed.user_id,
        placed.item_id,
        case placed.rule_type
            when 'unavailable' then 'availability'
            when 'all' then 'all_rules'
            else placed.rule_type
        end as choice,
        cast(choices.strength as double) as strength,
        cast(placed.list_rank as integer) as recommended_rank,
        users.cutoff_at

    from placed

    inner join choices
        on placed.rule_type = choices.rule_type

    inner join users
        on placed.user_id = users.user_id

    where placed.list_rank <= 10

)

select * from final
