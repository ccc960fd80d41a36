-- Which share of what was done during an experiment was loaded later than is waited for: users are
-- counted before it is known, as if they had stayed away.
with

experiments as (

    select
        experiment_id,
        starts_at,
        ends_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

interactions as (

    select
        interacted_at,
        known_at

    from {{ ref('stg_events__interactions') }}

    where role != 'ignore'

),

-- The longest window ends on the 29th day.
counted as (

    select
        experiments.experiment_id,
        count(*) as interaction_count,
        count(*) filter (
            where
            interactions.known_at
            > interactions.interacted_at + to_days({{ var("experiment_lateness_days") }})
        ) as late_count

    from experiments

    inner join interactions
        on
            interactions.interacted_at >= experiments.starts_at
            and interactions.interacted_at < experiments.ends_at + interval 29 day

    group by experiments.experiment_id

),

final as (

    select
        experiment_id,
        cast(interaction_count as bigint) as interaction_count,
        cast(late_count as bigint) as late_count,
        cast(late_count / interaction_count as double) as late_share

    from counted

)

select * from final
