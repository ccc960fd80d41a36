-- What must be known before a result is believed: gaps in the log, unknown arms, and which share of
-- the interactions that name a list find the impression.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

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

exposures as (

    select
        experiment_id,
        user_id,
        set_aside_reason,
        exposed_at

    from {{ ref('exp_exposures') }}

),

interactions as (

    select
        user_id,
        request_id,
        is_attributed,
        interacted_at

    from {{ ref('exp_interactions') }}

),

counted as (

    select
        experiment_id,
        count(*) as exposed_count,
        count(*) filter (where set_aside_reason is null) as user_count,
        count(*) filter (where set_aside_reason = 'unknown_variant') as unknown_variant_count,
        max(exposed_at) as last_exposed_at

    from exposures

    group by experiment_id

),

joined as (

    select
        exposures.experiment_id,
        count(*) as naming_count,
        count(*) filter (where interactions.is_attributed) as joined_count

    from exposures

    inner join interactions
        on
            exposures.user_id = interactions.user_id
            and interactions.request_id is not null
            and interactions.interacted_at >= exposures.exposed_at
            and interactions.interacted_at < exposures.exposed_at + interval 7 day

    where exposures.set_aside_reason is null

    group by exposures.experiment_id

),

-- Whom to expect is read from the weeks before, where no outcome can have a say in it.
met_before as (

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

active_days as (

    select distinct cast(interacted_at as date) as active_date

    from interactions

),

days as (

    select
        experiments.experiment_id,
        count(active_days.active_date) as active_day_count

    from experiments

    cross join cutoffs

    left join active_days
        on
            active_days.active_date >= cast(experiments.starts_at as date)
            and active_days.active_date < cast(
                least(experiments.ends_at, cutoffs.cutoff_at) as date
            )

    group by experiments.experiment_id

),

final as (

    select
        experiments.experiment_id,
        cast(coalesce(counted.exposed_count, 0) as bigint) as exposed_count,
        cast(coalesce(counted.user_count, 0) as bigint) as user_count,
        cast(coalesce(counted.unknown_variant_count, 0) as bigint) as unknown_variant_count,
        cast(
            greatest(
                datediff(
                    'day',
                    cast(experiments.starts_at as date),
                    cast(least(experiments.ends_at, cutoffs.cutoff_at) as date)
                ),
                0
            ) - days.active_day_count as bigint
        ) as missing_day_count,
        cast(coalesce(joined.naming_count, 0) as bigint) as naming_count,
        cast(joined.joined_count / nullif(joined.naming_count, 0) as double) as join_rate,
        cast(
            coalesce(met_before.met_count, 0)
            * (experiments.layer_until - experiments.layer_from)
            * (1 - experiments.holdout) as double
        ) as expected_user_count,
        cast(experiments.starts_at as timestamp) as starts_at,
        cast(experiments.ends_at as timestamp) as ends_at,
        cast(cutoffs.cutoff_at as timestamp) as observed_until

    from experiments

    inner join days
        on experiments.experiment_id = days.experiment_id

    left join counted
        on experiments.experiment_id = counted.experiment_id

    left join joined
        on experiments.experiment_id = joined.experiment_id

    left join met_before
        on experiments.experiment_id = met_before.experiment_id

    cross join cutoffs

)

select * from final
