-- How the lists were answered that exposed users got in the seven days from their exposure on: how
-- long each took, and whether something was missing.
with

users as (

    select
        experiment_id,
        user_id,
        exposed_at

    from {{ ref('exp_counted_users') }}

),

impressions as (

    select
        request_id,
        user_id,
        duration_ms,
        is_degraded,
        shown_at

    from {{ ref('stg_impressions__shown') }}

),

lists as (

    select
        user_id,
        request_id,
        max(duration_ms) as duration_ms,
        bool_or(is_degraded) as is_degraded,
        min(shown_at) as shown_at

    from impressions

    group by user_id, request_id

),

summed as (

    select
        users.experiment_id,
        users.user_id,
        count(lists.duration_ms) as timed_list_count,
        count(lists.is_degraded) as judged_list_count,
        count(*) filter (where lists.is_degraded) as degraded_list_count,
        sum(lists.duration_ms) as duration_ms

    from users

    inner join lists
        on
            users.user_id = lists.user_id
            and lists.shown_at >= users.exposed_at
            and lists.shown_at < users.exposed_at + interval 7 day

    group by users.experiment_id, users.user_id

),

final as (

    select
        experiment_id,
        user_id,
        cast(timed_list_count as bigint) as timed_list_count_7d,
        cast(judged_list_count as bigint) as judged_list_count_7d,
        cast(degraded_list_count as bigint) as degraded_list_count_7d,
        cast(coalesce(duration_ms, 0) as double) as duration_ms_7d

    from summed

)

select * from final
