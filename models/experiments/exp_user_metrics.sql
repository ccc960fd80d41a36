-- Every metric of every exposed user, as numerator and denominator, beside a habit of the days
-- before the exposure that foretells it. Users whose window is not over have no value.
with

metrics as (

    select
        metric,
        kind,
        window_until_days

    from {{ ref('exp_metrics') }}

),

outcomes as (

    select * from {{ ref('exp_user_outcomes') }}

),

coverage as (

    select * from {{ ref('exp_user_coverage') }}

),

crossed as (

    select
        outcomes.experiment_id,
        outcomes.user_id,
        outcomes.variant,
        metrics.metric,
        case metrics.metric
            when 'click_through' then outcomes.click_count_7d
            when 'conversion' then cast(outcomes.attributed_positive_count_7d > 0 as integer)
            when 'conversion_unattributed' then cast(outcomes.positive_count_7d > 0 as integer)
            when 'revenue' then outcomes.attributed_revenue_7d
            when 'revenue_unattributed' then outcomes.revenue_7d
            when 'dwell_seconds' then outcomes.attributed_dwell_seconds_7d
            when 'dwell_seconds_unattributed' then outcomes.dwell_seconds_7d
            when 'd1_return' then cast(outcomes.is_back_on_day_1 as integer)
            when 'd7_return' then cast(outcomes.is_back_on_day_7 as integer)
            when 'd28_return' then cast(outcomes.is_back_on_day_28 as integer)
            when 'returned_7d' then cast(coalesce(outcomes.days_to_return < 8, false) as integer)
            when 'returned_28d' then cast(coalesce(outcomes.days_to_return < 29, false) as integer)
            when 'active_days_7d' then outcomes.active_days_7d
            when 'active_days_28d' then outcomes.active_days_28d
            when 'sessions_per_week' then outcomes.session_count_28d / 4.0
            when 'days_to_return' then least(coalesce(outcomes.days_to_return, 29), 29)
            when 'negative_events' then outcomes.negative_count_7d
            when 'top_item_share' then outcomes.top_item_count_7d
            when 'catalogue_coverage' then coverage.item_count_of_ten_7d
            when 'fallback_share' then outcomes.fallback_count_7d
            when 'latency_ms' then outcomes.duration_ms_7d
            when 'error_share' then outcomes.degraded_list_count_7d
        end as numerator,
        case
            when metrics.metric = 'catalogue_coverage' then cast(coverage.is_last_of_ten as integer)
            when metrics.metric = 'top_item_share' then outcomes.ranked_count_7d
            when metrics.metric = 'fallback_share' then outcomes.labelled_count_7d
            when metrics.metric = 'latency_ms' then outcomes.timed_list_count_7d
            when metrics.metric = 'error_share' then outcomes.judged_list_count_7d
            when metrics.kind = 'ratio' then outcomes.impression_count_7d
            else 1
        end as denominator,
        case metrics.metric
            when 'conversion' then outcomes.habit_positive_count
            when 'conversion_unattributed' then outcomes.habit_positive_count
            when 'revenue' then outcomes.habit_revenue
            when 'revenue_unattributed' then outcomes.habit_revenue
            when 'dwell_seconds' then outcomes.habit_dwell_seconds
            when 'dwell_seconds_unattributed' then outcomes.habit_dwell_seconds
            else outcomes.habit_active_days
        end as habit,
        outcomes.observed_days
        >= metrics.window_until_days + {{ var("experiment_lateness_days") }} as is_mature

    from outcomes

    inner join coverage
        on
            outcomes.experiment_id = coverage.experiment_id
            and outcomes.user_id = coverage.user_id

    cross join metrics

),

final as (

    select
        experiment_id,
        user_id,
        variant,
        metric,
        case when is_mature then cast(numerator as double) end as numerator,
        case when is_mature then cast(denominator as double) end as denominator,
        cast(habit as double) as habit,
        is_mature

    from crossed

)

select * from final
