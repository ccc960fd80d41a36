-- What every exposed user did in fixed windows from the exposure on: day 0 is the first 24 hours,
-- day 1 the second; no calendar and no time zone decides. Whether a window is over says
-- `exp_user_metrics`, which counts nobody before.
with

users as (

    select
        experiment_id,
        user_id,
        variant,
        surface,
        observed_days,
        exposed_at

    from {{ ref('exp_counted_users') }}

),

impressions as (

    select
        experiment_id,
        user_id,
        impression_count_7d,
        click_count_7d,
        ranked_count_7d,
        top_item_count_7d,
        labelled_count_7d,
        fallback_count_7d

    from {{ ref('exp_user_impressions') }}

),

sums as (

    select * from {{ ref('exp_user_sums') }}

),

lists as (

    select
        experiment_id,
        user_id,
        timed_list_count_7d,
        judged_list_count_7d,
        degraded_list_count_7d,
        duration_ms_7d

    from {{ ref('exp_user_lists') }}

),

final as (

    select
        users.experiment_id,
        users.user_id,
        users.variant,
        users.surface,
        coalesce(impressions.impression_count_7d, 0) as impression_count_7d,
        coalesce(impressions.click_count_7d, 0) as click_count_7d,
        coalesce(impressions.ranked_count_7d, 0) as ranked_count_7d,
        coalesce(impressions.top_item_count_7d, 0) as top_item_count_7d,
        coalesce(impressions.labelled_count_7d, 0) as labelled_count_7d,
        coalesce(impressions.fallback_count_7d, 0) as fallback_count_7d,
        coalesce(lists.timed_list_count_7d, 0) as timed_list_count_7d,
        coalesce(lists.judged_list_count_7d, 0) as judged_list_count_7d,
        coalesce(lists.degraded_list_count_7d, 0) as degraded_list_count_7d,
        coalesce(sums.positive_count_7d, 0) as positive_count_7d,
        coalesce(sums.attributed_positive_count_7d, 0) as attributed_positive_count_7d,
        coalesce(sums.negative_count_7d, 0) as negative_count_7d,
        coalesce(sums.session_count_28d, 0) as session_count_28d,
        coalesce(sums.active_days_7d, 0) as active_days_7d,
        coalesce(sums.active_days_28d, 0) as active_days_28d,
        coalesce(sums.habit_active_days, 0) as habit_active_days,
        coalesce(sums.habit_positive_count, 0) as habit_positive_count,
        coalesce(sums.habit_interaction_count, 0) as habit_interaction_count,
        coalesce(lists.duration_ms_7d, 0.0) as duration_ms_7d,
        coalesce(sums.revenue_7d, 0.0) as revenue_7d,
        coalesce(sums.attributed_revenue_7d, 0.0) as attributed_revenue_7d,
        coalesce(sums.habit_revenue, 0.0) as habit_revenue,
        coalesce(sums.dwell_seconds_7d, 0.0) as dwell_seconds_7d,
        coalesce(sums.attributed_dwell_seconds_7d, 0.0) as attributed_dwell_seconds_7d,
        coalesce(sums.habit_dwell_seconds, 0.0) as habit_dwell_seconds,
        cast(
            epoch(sums.returned_at - users.exposed_at) / 86400.0 as double
        ) as days_to_return,
        coalesce(sums.is_back_on_day_1, false) as is_back_on_day_1,
        coalesce(sums.is_back_on_day_7, false) as is_back_on_day_7,
        coalesce(sums.is_back_on_day_28, false) as is_back_on_day_28,
        users.observed_days,
        users.exposed_at

    from users

    left join impressions
        on
            users.experiment_id = impressions.experiment_id
            and users.user_id = impressions.user_id

    left join lists
        on
            users.experiment_id = lists.experiment_id
            and users.user_id = lists.user_id

    left join sums
        on
            users.experiment_id = sums.experiment_id
            and users.user_id = sums.user_id

)

select * from final
