-- How many users are active on a day, and in the week and the four weeks that end with it. Days are
-- UTC; the day on which the log ends is not over.
with

log_ends as (

    select observed_until from {{ ref('int_log_end') }}

),

interactions as (

    select
        user_id,
        interacted_at

    from {{ ref('int_interactions') }}

),

active_days as (

    select distinct
        interactions.user_id,
        cast(interactions.interacted_at as date) as active_date

    from interactions

    inner join log_ends
        on interactions.interacted_at < date_trunc('day', log_ends.observed_until)

),

-- A user counts from each active day on until the window has passed or the next active day takes
-- over: so nobody counts twice on a day, and no user is multiplied by the days of a window.
spans as (

    select
        active_date,
        lead(active_date) over (partition by user_id order by active_date) as next_date

    from active_days

),

windows as (

    select unnest([1, 7, 28]) as window_days

),

changes as (

    select
        windows.window_days,
        unnest(
            [
                spans.active_date,
                least(spans.active_date + windows.window_days, spans.next_date),
            ]
        ) as changed_date,
        unnest([1, -1]) as user_change

    from spans

    cross join windows

),

days as (

    select
        cast(
            unnest(generate_series(min(active_date), max(active_date), interval 1 day)) as date
        ) as active_date

    from active_days

),

-- Windows that are longer than the log so far would show it growing.
final as (

    select
        cast(
            sum(sum(changes.user_change) filter (where changes.window_days = 1)) over days_so_far
            as bigint
        ) as daily_user_count,
        case
            when row_number() over days_so_far >= 7
                then cast(
                    sum(sum(changes.user_change) filter (where changes.window_days = 7))
                        over days_so_far
                    as bigint
                )
        end as weekly_user_count,
        case
            when row_number() over days_so_far >= 28
                then cast(
                    sum(sum(changes.user_change) filter (where changes.window_days = 28))
                        over days_so_far
                    as bigint
                )
        end as monthly_user_count,
        days.active_date

    from days

    left join changes
        on days.active_date = changes.changed_date

    group by days.active_date

    window days_so_far as (order by days.active_date)

)

select * from final
