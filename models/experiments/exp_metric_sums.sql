-- All that Python needs to infer: counts, sums, squares and cross products of the users exposed on
-- one day, per arm, metric and slice.
with

users as (

    select
        experiment_id,
        user_id,
        exposed_date

    from {{ ref('exp_counted_users') }}

),

metrics as (

    select
        experiment_id,
        user_id,
        variant,
        metric,
        numerator,
        denominator,
        habit,
        is_mature

    from {{ ref('exp_user_metrics') }}

),

slices as (

    select
        experiment_id,
        user_id,
        slice_name,
        slice

    from {{ ref('exp_user_slices') }}

),

summed as (

    select
        metrics.experiment_id,
        metrics.variant,
        metrics.metric,
        slices.slice_name,
        slices.slice,
        count(*) as exposed_count,
        count(*) filter (where metrics.is_mature) as user_count,
        sum(metrics.numerator) filter (where metrics.is_mature) as sum_n,
        sum(metrics.denominator) filter (where metrics.is_mature) as sum_d,
        sum(metrics.habit) filter (where metrics.is_mature) as sum_x,
        sum(metrics.numerator * metrics.numerator) filter (where metrics.is_mature) as sum_nn,
        sum(metrics.denominator * metrics.denominator) filter (where metrics.is_mature) as sum_dd,
        sum(metrics.habit * metrics.habit) filter (where metrics.is_mature) as sum_xx,
        sum(metrics.numerator * metrics.denominator) filter (where metrics.is_mature) as sum_nd,
        sum(metrics.numerator * metrics.habit) filter (where metrics.is_mature) as sum_nx,
        sum(metrics.denominator * metrics.habit) filter (where metrics.is_mature) as sum_dx,
        users.exposed_date

    from metrics

    inner join users
        on
            metrics.experiment_id = users.experiment_id
            and metrics.user_id = users.user_id

    inner join slices
        on
            metrics.experiment_id = slices.experiment_id
            and metrics.user_id = slices.user_id

    group by
        metrics.experiment_id,
        metrics.variant,
        metrics.metric,
        slices.slice_name,
        slices.slice,
        users.exposed_date

),

final as (

    select
        experiment_id,
        variant,
        metric,
        slice_name,
        slice,
        cast(exposed_count as bigint) as exposed_count,
        cast(user_count as bigint) as user_count,
        coalesce(sum_n, 0.0) as sum_n,
        coalesce(sum_d, 0.0) as sum_d,
        coalesce(sum_x, 0.0) as sum_x,
        coalesce(sum_nn, 0.0) as sum_nn,
        coalesce(sum_dd, 0.0) as sum_dd,
        coalesce(sum_xx, 0.0) as sum_xx,
        coalesce(sum_nd, 0.0) as sum_nd,
        coalesce(sum_nx, 0.0) as sum_nx,
        coalesce(sum_dx, 0.0) as sum_dx,
        cast(exposed_date as date) as exposed_date

    from summed

)

select * from final
