{%- set list_length = var("recommendations_per_user") -%}

-- Users with fewer offers than a list is long, the strangers among them, and how deep their
-- popular lists must be read.
with

known_users as (

    select user_id from {{ ref('trn_ranking_moments') }}

    where role = 'serve'

),

listed_users as (

    select user_id from {{ ref('stg_catalog__users') }}

),

offers as (

    select user_id from {{ ref('srv_user_allowed_offers') }}

),

excluded as (

    select user_id from {{ ref('srv_user_excluded_items') }}

),

segments as (

    select
        user_id,
        segment

    from {{ ref('rec_user_segments') }}

),

users as (

    select user_id from known_users

    union

    select user_id from listed_users

),

offer_counts as (

    select
        user_id,
        count(*) as offer_count

    from offers

    group by user_id

),

exclusion_counts as (

    select
        user_id,
        count(*) as exclusion_count

    from excluded

    group by user_id

),

-- Among the first (list + offered + excluded) popular items at least a list's length is left over:
-- the join with them stays small for any user, however much was seen.
final as (

    select
        users.user_id,
        segments.segment,
        cast(
            {{ list_length }}
            + coalesce(offer_counts.offer_count, 0)
            + coalesce(exclusion_counts.exclusion_count, 0) as bigint
        ) as depth

    from users

    left join segments
        on users.user_id = segments.user_id

    left join offer_counts
        on users.user_id = offer_counts.user_id

    left join exclusion_counts
        on users.user_id = exclusion_counts.user_id

    where coalesce(offer_counts.offer_count, 0) < {{ list_length }}

)

select * from final
