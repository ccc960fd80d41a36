-- What is measured of every exposed user, and in which hours after the exposure.
with

metrics as (

    select listed.* from (
        values
        ('click_through', 'ratio', 'engagement', 0, 7, 'up'),
        ('conversion', 'mean', 'engagement', 0, 7, 'up'),
        ('conversion_unattributed', 'mean', 'engagement', 0, 7, 'up'),
        ('revenue', 'mean', 'engagement', 0, 7, 'up'),
        ('revenue_unattributed', 'mean', 'engagement', 0, 7, 'up'),
        ('dwell_seconds', 'mean', 'engagement', 0, 7, 'up'),
        ('dwell_seconds_unattributed', 'mean', 'engagement', 0, 7, 'up'),
        ('d1_return', 'mean', 'retention', 1, 2, 'up'),
        ('d7_return', 'mean', 'retention', 7, 8, 'up'),
        ('d28_return', 'mean', 'retention', 28, 29, 'up'),
        ('returned_7d', 'mean', 'retention', 1, 8, 'up'),
        ('returned_28d', 'mean', 'retention', 1, 29, 'up'),
        ('active_days_7d', 'mean', 'retention', 0, 7, 'up'),
        ('active_days_28d', 'mean', 'retention', 0, 28, 'up'),
        ('sessions_per_week', 'mean', 'retention', 0, 28, 'up'),
        ('days_to_return', 'mean', 'retention', 1, 29, 'down'),
        ('negative_events', 'mean', 'guardrail', 0, 7, 'down'),
        ('top_item_share', 'ratio', 'guardrail', 0, 7, 'down')
    ) as listed (metric, kind, metric_group, window_from_days, window_until_days, better)

),

final as (

    select
        metric,
        kind,
        metric_group,
        better,
        cast(window_from_days as integer) as window_from_days,
        cast(window_until_days as integer) as window_until_days

    from metrics

)

select * from final
