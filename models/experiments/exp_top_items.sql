{%- set habit = "interval '" ~ var("experiment_habit_days") ~ "' day" -%}

-- The hundredth part of the items, at least one, that most users viewed or took in the days before
-- an experiment. So what the arms of a planned one show has no say in it, and it is the same at
-- every look; the windows of the built-in ones move on.
with

experiments as (

    select
        experiment_id,
        starts_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

interactions as (

    select
        user_id,
        item_id,
        interacted_at

    from {{ ref('exp_valued_interactions') }}

    where role in ('view', 'positive')

),

counted as (

    select
        experiments.experiment_id,
        interactions.item_id,
        count(distinct interactions.user_id) as user_count

    from experiments

    inner join interactions
        on
            interactions.interacted_at >= experiments.starts_at - {{ habit }}
            and interactions.interacted_at < experiments.starts_at

    group by experiments.experiment_id, interactions.item_id

),

final as (

    select
        experiment_id,
        item_id,
        cast(user_count as bigint) as user_count

    from counted

    qualify
        row_number() over (
            partition by experiment_id
            order by user_count desc, item_id asc
        ) <= greatest(1, count(*) over (partition by experiment_id) / 100)

)

select * from final
