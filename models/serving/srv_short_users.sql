{%- set list_length = var("recommendations_per_user") -%}

-- Users with fewer offers than a list is long, the strangers among them, and how deep their
-- popular lists must be read.
with

users as (

    select user_id from {{ ref('srv_users') }}

),

offers as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_allowed_offers') }}

),

items as (

    select
        item_id,
        category,
        category_limit

    from {{ ref('srv_items') }}

),

excluded as (

    select user_id from {{ ref('srv_user_excluded_items') }}

),

pins as (

    select user_id from {{ ref('srv_user_pins') }}

),

segments as (

    select
        user_id,
        segment

    from {{ ref('rec_user_segments') }}

),

-- Offers above the limit of their category do not fill a list.
category_counts as (

    select
        offers.user_id,
        items.category,
        count(*) as offer_count,
        least(count(*), coalesce(min(items.category_limit), count(*))) as usable_count,
        least(count(*), coalesce(min(items.category_limit), 0)) as limited_count

    from offers

    inner join items
        on offers.item_id = items.item_id

    group by offers.user_id, items.category

),

offer_counts as (

    select
        user_id,
        sum(offer_count) as offer_count,
        sum(usable_count) as usable_count,
        sum(limited_count) as limited_count

    from category_counts

    group by user_id

),

exclusion_counts as (

    select
        user_id,
        count(*) as exclusion_count

    from excluded

    group by user_id

),

pin_counts as (

    select
        user_id,
        count(*) as pin_count

    from pins

    group by user_id

),

-- Among so many first popular items at least a list's length is left over: others are offered,
-- excluded, pinned, or held back because an offer or a pin has their place in the category. The
-- join with them stays small for any user, however much was seen.
final as (

    select
        users.user_id,
        segments.segment,
        cast(
            {{ list_length }}
            + coalesce(offer_counts.offer_count, 0)
            + coalesce(offer_counts.limited_count, 0)
            + coalesce(exclusion_counts.exclusion_count, 0)
            + 2 * coalesce(pin_counts.pin_count, 0) as bigint
        ) as depth

    from users

    left join segments
        on users.user_id = segments.user_id

    left join offer_counts
        on users.user_id = offer_counts.user_id

    left join exclusion_counts
        on users.user_id = exclusion_counts.user_id

    left join pin_counts
        on users.user_id = pin_counts.user_id

    where coalesce(offer_counts.usable_count, 0) < {{ list_length }}

)

select * from final
