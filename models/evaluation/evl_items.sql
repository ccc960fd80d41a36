{%- set horizon_days = var("mapping").get("horizon_days") or 28 -%}

-- What was known of each item at the evaluation cutoff: how popular, how new.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'evaluate'

),

item_activity as (

    select
        item_id,
        user_count,
        days_since_first,
        feature_at

    from {{ ref('ftr_item_activity') }}

),

users as (

    select cutoff_at from {{ ref('int_cutoff_users') }}

    where not is_bot

),

catalog as (

    select
        item_id,
        category

    from {{ ref('stg_catalog__items') }}

),

user_totals as (

    select
        cutoff_at,
        count(*) as user_total

    from users

    group by cutoff_at

),

-- One in a hundred, rounded up; among equally popular items the first id.
final as (

    select
        item_activity.item_id,
        catalog.category,
        item_activity.user_count,
        cast(log2(user_totals.user_total / item_activity.user_count) as double) as novelty_bits,
        row_number() over (
            order by item_activity.user_count desc, item_activity.item_id asc
        ) <= ceil(0.01 * count(*) over ()) as is_top,
        item_activity.days_since_first < {{ horizon_days }} as is_recent,
        cutoffs.cutoff_at

    from item_activity

    inner join cutoffs
        on item_activity.feature_at = cutoffs.cutoff_at

    inner join user_totals
        on cutoffs.cutoff_at = user_totals.cutoff_at

    left join catalog
        on item_activity.item_id = catalog.item_id

)

select * from final
