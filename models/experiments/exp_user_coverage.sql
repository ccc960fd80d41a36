-- How much of the catalogue counted users are shown in the seven days from the exposure on: the
-- different items that ten users saw together, in the order of their exposure. Ten are as many in
-- an arm of 5 % as in one of 95 %, and the same ones at every look. The last of the ten stands for
-- them all, since the seven days of the others are over when the last one's are.
with

users as (

    select
        experiment_id,
        user_id,
        variant,
        row_number() over (
            partition by experiment_id, variant order by exposed_at asc, user_id asc
        ) as place

    from {{ ref('exp_counted_users') }}

),

shown as (

    select
        experiment_id,
        user_id,
        item_id

    from {{ ref('exp_shown_items') }}

),

placed as (

    select
        experiment_id,
        user_id,
        variant,
        (place - 1) // 10 as group_number,
        place % 10 = 0 as is_last_of_ten

    from users

),

counted as (

    select
        placed.experiment_id,
        placed.variant,
        placed.group_number,
        count(distinct shown.item_id) as item_count

    from placed

    inner join shown
        on
            placed.experiment_id = shown.experiment_id
            and placed.user_id = shown.user_id

    group by placed.experiment_id, placed.variant, placed.group_number

),

final as (

    select
        placed.experiment_id,
        placed.user_id,
        cast(
            case when placed.is_last_of_ten then coalesce(counted.item_count, 0) else 0 end
            as bigint
        ) as item_count_of_ten_7d,
        placed.is_last_of_ten

    from placed

    left join counted
        on
            placed.experiment_id = counted.experiment_id
            and placed.variant = counted.variant
            and placed.group_number = counted.group_number

)

select * from final
