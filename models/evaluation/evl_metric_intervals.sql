-- Every system's means with their intervals, beside the best system that SQL alone makes.
with

intervals as (

    select
        setting,
        system,
        metric,
        value,
        lower,
        upper,
        user_count

    from {{ source('ml', 'metric_intervals') }}

),

best_baselines as (

    select
        setting,
        metric,
        arg_min(system, (-value, system)) as baseline_system,
        max(value) as baseline_value

    from intervals

    where system in ('most_popular', 'decayed_popular', 'covisitation', 'repeats')

    group by setting, metric

),

final as (

    select
        intervals.setting,
        intervals.system,
        intervals.metric,
        best_baselines.baseline_system,
        cast(intervals.user_count as bigint) as user_count,
        cast(intervals.value as double) as value,
        cast(intervals.lower as double) as lower,
        cast(intervals.upper as double) as upper,
        cast(best_baselines.baseline_value as double) as baseline_value,
        cast(
            round(intervals.value / nullif(best_baselines.baseline_value, 0) - 1, 9) as double
        ) as relative_lift

    from intervals

    left join best_baselines
        on
            intervals.setting = best_baselines.setting
            and intervals.metric = best_baselines.metric

)

select * from final
