-- What counted users were shown in the seven days from their exposure on.
with

users as (

    select
        experiment_id,
        user_id,
        variant,
        exposed_at

    from {{ ref('exp_counted_users') }}

),

impressions as (

    select
        request_id,
        user_id,
        item_id,
        fallback,
        shown_at

    from {{ ref('stg_impressions__shown') }}

),

final as (

    select
        users.experiment_id,
        users.user_id,
        impressions.request_id,
        impressions.item_id,
        users.variant,
        impressions.fallback,
        cast(users.exposed_at as timestamp) as exposed_at,
        cast(impressions.shown_at as timestamp) as shown_at

    from users

    inner join impressions
        on
            users.user_id = impressions.user_id
            and impressions.shown_at >= users.exposed_at
            and impressions.shown_at < users.exposed_at + interval 7 day

)

select * from final
