-- The groups that results are shown for, as they were at the exposure.
with

exposures as (

    select
        experiment_id,
        user_id,
        surface,
        exposed_at

    from {{ ref('exp_exposures') }}

    where set_aside_reason is null

),

interactions as (

    select
        user_id,
        interacted_at

    from {{ ref('int_interactions') }}

),

users as (

    select
        user_id,
        segment

    from {{ ref('stg_catalog__users') }}

),

counted as (

    select
        exposures.experiment_id,
        exposures.user_id,
        count(interactions.interacted_at) as history_count

    from exposures

    left join interactions
        on
            exposures.user_id = interactions.user_id
            and interactions.interacted_at < exposures.exposed_at

    group by exposures.experiment_id, exposures.user_id

),

described as (

    select
        exposures.experiment_id,
        exposures.user_id,
        case when counted.history_count = 0 then 'new' else 'returning' end as kind_of_user,
        case
            when counted.history_count = 0 then '0'
            when counted.history_count < 5 then '1 to 4'
            when counted.history_count < 20 then '5 to 19'
            else '20 or more'
        end as history_length,
        coalesce(users.segment, 'none') as segment,
        coalesce(exposures.surface, 'none') as surface

    from exposures

    inner join counted
        on
            exposures.experiment_id = counted.experiment_id
            and exposures.user_id = counted.user_id

    left join users
        on exposures.user_id = users.user_id

),

final as (

    select
        experiment_id,
        user_id,
        'all' as slice_name,
        'all' as slice

    from described

    union all

    select
        experiment_id,
        user_id,
        'user' as slice_name,
        kind_of_user as slice

    from described

    union all

    select
        experiment_id,
        user_id,
        'history length' as slice_name,
        history_length as slice

    from described

    union all

    select
        experiment_id,
        user_id,
        'segment' as slice_name,
        segment as slice

    from described

    union all

    select
        experiment_id,
        user_id,
        'surface' as slice_name,
        surface as slice

    from described

)

select * from final
