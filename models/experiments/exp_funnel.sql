-- How far the counted users of each arm went in their first seven days, and who came back after.
-- Only users whose eight days are over, and rows had time to arrive.
with

outcomes as (

    select
        experiment_id,
        variant,
        impression_count_7d,
        click_count_7d,
        attributed_positive_count_7d,
        days_to_return,
        observed_days

    from {{ ref('exp_user_outcomes') }}

    where observed_days >= 8 + {{ var("experiment_lateness_days") }}

),

summed as (

    select
        experiment_id,
        variant,
        count(*) as exposed_count,
        count(*) filter (where click_count_7d > 0) as clicked_count,
        count(*) filter (where attributed_positive_count_7d > 0) as converted_count,
        count(*) filter (where days_to_return < 8) as returned_count

    from outcomes

    group by experiment_id, variant

),

steps as (

    select
        experiment_id,
        variant,
        1 as step_number,
        'met it' as step,
        exposed_count as user_count

    from summed

    union all

    select
        experiment_id,
        variant,
        2 as step_number,
        'clicked an item' as step,
        clicked_count as user_count

    from summed

    union all

    select
        experiment_id,
        variant,
        3 as step_number,
        'took an item' as step,
        converted_count as user_count

    from summed

    union all

    select
        experiment_id,
        variant,
        4 as step_number,
        'came back within a week' as step,
        returned_count as user_count

    from summed

),

final as (

    select
        experiment_id,
        variant,
        cast(step_number as integer) as step_number,
        step,
        cast(user_count as bigint) as user_count

    from steps

)

select * from final
