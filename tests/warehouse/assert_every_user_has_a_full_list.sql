{{ config(meta={"dagster": {"ref": {"name": "rec_user_top_items"}}}) }}

-- A list is shorter only when the user has left too little of the catalogue unseen.
with

known_users as (

    select user_id from {{ ref('trn_ranking_moments') }}

    where role = 'serve'

),

listed_users as (

    select user_id from {{ ref('stg_catalog__users') }}

),

catalogue as (

    select item_id from {{ ref('rec_popular_items') }}

    where segment = 'all'

),

excluded as (

    select
        user_id,
        item_id

    from {{ ref('srv_user_excluded_items') }}

),

lists as (

    select user_id from {{ ref('rec_user_top_items') }}

),

users as (

    select user_id from known_users

    union

    select user_id from listed_users

),

catalogue_size as (

    select count(*) as item_count from catalogue

),

exclusion_counts as (

    select
        excluded.user_id,
        count(*) as exclusion_count

    from excluded

    inner join catalogue
        on excluded.item_id = catalogue.item_id

    group by excluded.user_id

),

list_lengths as (

    select
        user_id,
        count(*) as list_length

    from lists

    group by user_id

),

expected as (

    select
        users.user_id,
        coalesce(list_lengths.list_length, 0) as list_length,
        least(
            {{ var('recommendations_per_user') }},
            catalogue_size.item_count - coalesce(exclusion_counts.exclusion_count, 0)
        ) as expected_length

    from users

    cross join catalogue_size

    left join exclusion_counts
        on users.user_id = exclusion_counts.user_id

    left join list_lengths
        on users.user_id = list_lengths.user_id

)

select
    user_id,
    list_length,
    expected_length

from expected

where list_length != expected_length
