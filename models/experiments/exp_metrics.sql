-- What is measured of every exposed user, and in which hours after the exposure.
with

metrics as (

    select listed.* from (
        values
        ('click_through', 'Clicks per impression', 'share', 'ratio', 'engagement', 0, 7, 'up'),
        ('conversion', 'Took an item from a list', 'share', 'mean', 'engagement', 0, 7, 'up'),
        ('conversion_unattributed', 'Took anything', 'share', 'mean', 'engagement', 0, 7, 'up'),
        ('revenue', 'Revenue from lists', 'money', 'mean', 'engagement', 0, 7, 'up'),
        ('revenue_unattributed', 'Revenue', 'money', 'mean', 'engagement', 0, 7, 'up'),
        ('dwell_seconds', 'Time spent from lists', 'seconds', 'mean', 'engagement', 0, 7, 'up'),
        ('dwell_seconds_unattributed', 'Time spent', 'seconds', 'mean', 'engagement', 0, 7, 'up'),
        ('d1_return', 'Back on day 1', 'share', 'mean', 'retention', 1, 2, 'up'),
        ('d7_return', 'Back on day 7', 'share', 'mean', 'retention', 7, 8, 'up'),
        ('d28_return', 'Back on day 28', 'share', 'mean', 'retention', 28, 29, 'up'),
        ('returned_7d', 'Back within 7 days', 'share', 'mean', 'retention', 1, 8, 'up'),
        ('returned_28d', 'Back within 28 days', 'share', 'mean', 'retention', 1, 29, 'up'),
        ('active_days_7d', 'Active days of 7', 'days', 'mean', 'retention', 0, 7, 'up'),
        ('active_days_28d', 'Active days of 28', 'days', 'mean', 'retention', 0, 28, 'up'),
        ('sessions_per_week', 'Sessions a week', 'sessions', 'mean', 'retention', 0, 28, 'up'),
        ('days_to_return', 'Days until back', 'days', 'mean', 'retention', 1, 29, 'down'),
        ('negative_events', 'Dislikes', 'events', 'mean', 'guardrail', 0, 7, 'down'),
        ('top_item_share', 'Share of top 1 % items', 'share', 'ratio', 'guardrail', 0, 7, 'down'),
        (
            'catalogue_coverage',
            'Items that ten users see',
            'items',
            'ratio',
            'guardrail',
            0,
            7,
            'up'
        ),
        ('fallback_share', 'Share of fallback lists', 'share', 'ratio', 'guardrail', 0, 7, 'down'),
        ('error_share', 'Share of faulty lists', 'share', 'ratio', 'guardrail', 0, 7, 'down'),
        ('latency_ms', 'Time to answer', 'ms', 'ratio', 'guardrail', 0, 7, 'down')
    ) as listed (
        metric, title, unit, kind, metric_group, window_from_days, window_until_days, better
    )

),

final as (

    select
        metric,
        title,
        unit,
        kind,
        metric_group,
        better,
        cast(window_from_days as integer) as window_from_days,
        cast(window_until_days as integer) as window_until_days

    from metrics

)

select * from final
