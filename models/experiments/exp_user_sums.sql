-- What exposed users did, added up over the windows of the metrics.
with

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
        experiment_id,
        user_id,
        positive_count_7d,
        attributed_positive_count_7d,
        negative_count_7d,
        session_count_28d,
        active_days_7d,
        active_days_28d,
        habit_active_days,
        habit_positive_count,
        habit_interaction_count,
        revenue_7d,
        attributed_revenue_7d,
        habit_revenue,
        dwell_seconds_7d,
        attributed_dwell_seconds_7d,
        habit_dwell_seconds,
        is_back_on_day_1,
        is_back_on_day_7,
        is_back_on_day_28,
        cast(returned_at as timestamp) as returned_at

    from summed

)

select * from final
