-- What must be known before a result is believed: gaps in the log, unknown arms, late rows, and
-- which share of the interactions that name a list find the impression.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

experiments as (

    select
        experiment_id,
        starts_at,
        ends_at

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

exposures as (

    select
        experiment_id,
        user_id,
        set_aside_reason,
        exposed_at

    from {{ ref('exp_exposures') }}

),

join_rates as (

    select
        experiment_id,
        naming_count,
        join_rate,
        window_hours

    from {{ ref('exp_join_rates') }}

),

missing_days as (

    select
        experiment_id,
        missing_day_count

    from {{ ref('exp_missing_days') }}

),

expected_users as (

    select
        experiment_id,
        expected_user_count

    from {{ ref('exp_expected_users') }}

),

late_interactions as (

    select
        experiment_id,
        late_share

    from {{ ref('exp_late_interactions') }}

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

final as (

    select
        experiments.experiment_id,
        cast(coalesce(counted.exposed_count, 0) as bigint) as exposed_count,
        cast(coalesce(counted.user_count, 0) as bigint) as user_count,
        cast(coalesce(counted.unknown_variant_count, 0) as bigint) as unknown_variant_count,
        missing_days.missing_day_count,
        cast(coalesce(join_rates.naming_count, 0) as bigint) as naming_count,
        join_rates.join_rate,
        join_rates.window_hours as join_window_hours,
        expected_users.expected_user_count,
        late_interactions.late_share,
        cast(experiments.starts_at as timestamp) as starts_at,
        cast(experiments.ends_at as timestamp) as ends_at,
        cast(cutoffs.cutoff_at as timestamp) as observed_until

    from experiments

    inner join missing_days
        on experiments.experiment_id = missing_days.experiment_id

    left join counted
        on experiments.experiment_id = counted.experiment_id

    left join join_rates
        on experiments.experiment_id = join_rates.experiment_id

    inner join expected_users
        on experiments.experiment_id = expected_users.experiment_id

    left join late_interactions
        on experiments.experiment_id = late_interactions.experiment_id

    cross join cutoffs

)

select * from final
