-- Every metric of every arm and slice against the control, with intervals and p-values.
with

final as (

    select
        experiment_id,
        variant,
        metric,
        slice_name,
        slice,
        refusal,
        cast(user_count as bigint) as user_count,
        cast(control_user_count as bigint) as control_user_count,
        cast(trial_count as bigint) as trial_count,
        cast(mature_share as double) as mature_share,
        cast(control_value as double) as control_value,
        cast(value as double) as value,
        cast(difference as double) as difference,
        cast(lower as double) as lower,
        cast(upper as double) as upper,
        cast(one_look_lower as double) as one_look_lower,
        cast(one_look_upper as double) as one_look_upper,
        cast(plain_difference as double) as plain_difference,
        cast(variance_reduction as double) as variance_reduction,
        cast(relative_difference as double) as relative_difference,
        cast(relative_lower as double) as relative_lower,
        cast(relative_upper as double) as relative_upper,
        cast(p_value as double) as p_value,
        cast(adjusted_p_value as double) as adjusted_p_value

    from {{ source('ml', 'experiment_results') }}

)

select * from final
