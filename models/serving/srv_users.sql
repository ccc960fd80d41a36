-- Everybody who gets a list: users with a history, and those that the users table lists.
with

known_users as (

    select user_id from {{ ref('trn_ranking_moments') }}

    where role = 'serve'

),

listed_users as (

    select user_id from {{ ref('stg_catalog__users') }}

),

users as (

    select user_id from known_users

    union

    select user_id from listed_users

)

select * from users
