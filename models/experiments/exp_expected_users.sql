-- How many users an experiment can expect, which sets where its sequence is narrowest.
with

experiments as (

    select
        experiment_id,
        layer_from,
        layer_until,
        holdout,
        starts_at,
        ends_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

contacts as (

    select
        user_id,
        contact_at

    from {{ ref('exp_contacts') }}

),

-- Whom to expect is read from the weeks before, where no outcome can have a say in it.
counted as (

    select
        experiments.experiment_id,
        count(distinct contacts.user_id) as met_count

    from experiments

    inner join contacts
        on
            contacts.contact_at >= experiments.starts_at
            - (experiments.ends_at - experiments.starts_at)
            and contacts.contact_at < experiments.starts_at

    group by experiments.experiment_id

),

final as (

    select
        experiments.experiment_id,
        cast(
            coalesce(counted.met_count, 0)
            * (experiments.layer_until - experiments.layer_from)
            * (1 - experiments.holdout) as double
        ) as expected_user_count

    from experiments

    left join counted
        on experiments.experiment_id = counted.experiment_id

)

select * from final
