-- Which share of the interactions that name a list find its impression, and which share of those
-- that could name one does: what is lost here is lost to every outcome that is attributed. A log
-- that shows no lists has nothing to find.
with

impressions as (

    select request_id from {{ ref('stg_impressions__shown') }}

),

showing as (

    select count(*) > 0 as is_showing_lists

    from impressions

),

users as (

    select
        experiment_id,
        user_id,
        exposed_at

    from {{ ref('exp_counted_users') }}

),

interactions as (

    select
        user_id,
        request_id,
        is_of_shown_item,
        is_attributed,
        interacted_at

    from {{ ref('exp_interactions') }}

    where is_naming_lists and (request_id is not null or is_of_shown_item)

),

counted as (

    select
        users.experiment_id,
        count(interactions.request_id) as naming_count,
        count(interactions.request_id) filter (
            where interactions.is_of_shown_item
        ) as naming_shown_count,
        count(*) filter (where interactions.is_of_shown_item) as shown_count,
        count(*) filter (where interactions.is_attributed) as joined_count

    from users

    inner join interactions
        on
            users.user_id = interactions.user_id
            and interactions.interacted_at >= users.exposed_at
            and interactions.interacted_at < users.exposed_at + interval 7 day

    inner join showing
        on showing.is_showing_lists

    group by users.experiment_id

),

final as (

    select
        experiment_id,
        cast(naming_count as bigint) as naming_count,
        cast(joined_count as bigint) as joined_count,
        cast(joined_count / nullif(naming_count, 0) as double) as join_rate,
        cast(naming_shown_count / nullif(shown_count, 0) as double) as naming_share,
        cast({{ var("attribution_hours") }} as double) as window_hours

    from counted

)

select * from final
