-- What every exposed user did in fixed windows from the exposure on: day 0 is the first 24 hours,
-- day 1 the second; no calendar and no time zone decides. Whether a window is over says
-- `exp_user_metrics`, which counts nobody before.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

exposures as (

    select
        experiment_id,
        user_id,
        variant,
        surface,
        exposed_at

    from {{ ref('exp_exposures') }}

    where set_aside_reason is null

),

impressions as (

    select
        experiment_id,
        user_id,
        impression_count_7d,
        click_count_7d,
        top_item_count_7d,
        labelled_count_7d,
        fallback_count_7d

    from {{ ref('exp_user_impressions') }}

),

actions as (

    select
        experiment_id,
        user_id,
        role,
        revenue,
        dwell_seconds,
        day_number,
        is_attributed,
        is_session_start,
        interacted_at

    from {{ ref('exp_user_actions') }}

),

summed as (

    select
        experiment_id,
        user_id,
        count(*) filter (where role = 'positive' and day_number between 0 and 6)
            as positive_count_7d,
        count(*) filter (where role = 'positive' and is_attributed and day_number between 0 and 6)
            as attributed_positive_count_7d,
        count(*) filter (where role = 'negative' and day_number between 0 and 6)
            as negative_count_7d,
        count(*) filter (where is_session_start and day_number between 0 and 27)
            as session_count_28d,
        count(distinct day_number) filter (where day_number between 0 and 6)
            as active_days_7d,
        count(distinct day_number) filter (where day_number between 0 and 27)
            as active_days_28d,
        count(distinct day_number) filter (where day_number < 0) as habit_active_days,
        count(*) filter (where role = 'positive' and day_number < 0) as habit_positive_count,
        count(*) filter (where day_number < 0) as habit_interaction_count,
        sum(revenue) filter (where day_number between 0 and 6) as revenue_7d,
        sum(revenue) filter (where is_attributed and day_number between 0 and 6)
            as attributed_revenue_7d,
        sum(revenue) filter (where day_number < 0) as habit_revenue,
        sum(dwell_seconds) filter (where day_number between 0 and 6) as dwell_seconds_7d,
        sum(dwell_seconds) filter (where is_attributed and day_number between 0 and 6)
            as attributed_dwell_seconds_7d,
        sum(dwell_seconds) filter (where day_number < 0) as habit_dwell_seconds,
        bool_or(day_number = 1) as is_back_on_day_1,
        bool_or(day_number = 7) as is_back_on_day_7,
        bool_or(day_number = 28) as is_back_on_day_28,
        min(interacted_at) filter (where day_number >= 1) as returned_at

    from actions

    group by experiment_id, user_id

),

final as (

    select
        exposures.experiment_id,
        exposures.user_id,
        exposures.variant,
        exposures.surface,
        coalesce(impressions.impression_count_7d, 0) as impression_count_7d,
        coalesce(impressions.click_count_7d, 0) as click_count_7d,
        coalesce(impressions.top_item_count_7d, 0) as top_item_count_7d,
        coalesce(impressions.labelled_count_7d, 0) as labelled_count_7d,
        coalesce(impressions.fallback_count_7d, 0) as fallback_count_7d,
        coalesce(summed.positive_count_7d, 0) as positive_count_7d,
        coalesce(summed.attributed_positive_count_7d, 0) as attributed_positive_count_7d,
        coalesce(summed.negative_count_7d, 0) as negative_count_7d,
        coalesce(summed.session_count_28d, 0) as session_count_28d,
        coalesce(summed.active_days_7d, 0) as active_days_7d,
        coalesce(summed.active_days_28d, 0) as active_days_28d,
        coalesce(summed.habit_active_days, 0) as habit_active_days,
        coalesce(summed.habit_positive_count, 0) as habit_positive_count,
        coalesce(summed.habit_interaction_count, 0) as habit_interaction_count,
        coalesce(summed.revenue_7d, 0.0) as revenue_7d,
        coalesce(summed.attributed_revenue_7d, 0.0) as attributed_revenue_7d,
        coalesce(summed.habit_revenue, 0.0) as habit_revenue,
        coalesce(summed.dwell_seconds_7d, 0.0) as dwell_seconds_7d,
        coalesce(summed.attributed_dwell_seconds_7d, 0.0) as attributed_dwell_seconds_7d,
        coalesce(summed.habit_dwell_seconds, 0.0) as habit_dwell_seconds,
        cast(
            epoch(summed.returned_at - exposures.exposed_at) / 86400.0 as double
        ) as days_to_return,
        coalesce(summed.is_back_on_day_1, false) as is_back_on_day_1,
        coalesce(summed.is_back_on_day_7, false) as is_back_on_day_7,
        coalesce(summed.is_back_on_day_28, false) as is_back_on_day_28,
        coalesce(
            datediff('second', exposures.exposed_at, cutoffs.cutoff_at), 0
        ) / 86400.0 as observed_days,
        exposures.exposed_at

    from exposures

    left join impressions
        on
            exposures.experiment_id = impressions.experiment_id
            and exposures.user_id = impressions.user_id

    left join summed
        on
            exposures.experiment_id = summed.experiment_id
            and exposures.user_id = summed.user_id

    cross join cutoffs

)

select * from final
