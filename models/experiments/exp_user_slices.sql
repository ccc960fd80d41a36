-- The groups that results are shown for, as they were at the exposure.
with

users as (

    select
        experiment_id,
        user_id,
        surface,
        exposed_at

    from {{ ref('exp_counted_users') }}

),

interactions as (

    select
        user_id,
        interacted_at

    from {{ ref('int_interactions') }}

),

catalogue as (

    select
        user_id,
        segment

    from {{ ref('stg_catalog__users') }}

),

counted as (

    select
        users.experiment_id,
        users.user_id,
        count(interactions.interacted_at) as history_count

    from users

    left join interactions
        on
            users.user_id = interactions.user_id
            and interactions.interacted_at < users.exposed_at

    group by users.experiment_id, users.user_id

),

described as (

    select
        users.experiment_id,
        users.user_id,
        case when counted.history_count = 0 then 'new' else 'returning' end as kind_of_user,
        case
            when counted.history_count = 0 then '0'
            when counted.history_count < 5 then '1 to 4'
            when counted.history_count < 20 then '5 to 19'
            else '20 or more'
        end as history_length,
        coalesce(catalogue.segment, 'none') as segment,
        coalesce(users.surface, 'none') as surface

    from users

    inner join counted
        on
            users.experiment_id = counted.experiment_id
            and users.user_id = counted.user_id

    left join catalogue
        on users.user_id = catalogue.user_id

),

final as (

    select
        experiment_id,
        user_id,
        unnest(['all', 'user', 'history length', 'segment', 'surface']) as slice_name,
        unnest(['all', kind_of_user, history_length, segment, surface]) as slice

    from described

)

select * from final
