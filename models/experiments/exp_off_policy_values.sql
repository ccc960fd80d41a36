-- What other policies would have earned on the logged impressions, or why nobody can say.
with

policy_values as (

    select
        outcome,
        policy,
        places,
        estimator,
        refusal,
        impression_count,
        user_count,
        value,
        lower,
        upper,
        standard_error,
        difference,
        difference_lower,
        difference_upper,
        missing_share,
        effective_count,
        maximum_weight,
        mean_weight,
        unsupported_share,
        unlogged_share,
        list_length,
        cutoff_at

    from {{ source('ml', 'off_policy_values') }}

),

final as (

    select
        outcome,
        policy,
        places,
        estimator,
        case
            when refusal is not null then 'refused'
            when estimator = 'logged' then 'logged'
            when difference_lower > 0 then 'better'
            when difference_upper < 0 then 'worse'
            else 'undecided'
        end as verdict,
        refusal,
        cast(impression_count as bigint) as impression_count,
        cast(user_count as bigint) as user_count,
        cast(value as double) as value,
        cast(lower as double) as lower,
        cast(upper as double) as upper,
        cast(standard_error as double) as standard_error,
        cast(value * list_length as double) as value_per_list,
        cast(difference as double) as difference,
        cast(difference_lower as double) as difference_lower,
        cast(difference_upper as double) as difference_upper,
        cast(missing_share as double) as missing_share,
        cast(effective_count as double) as effective_count,
        cast(maximum_weight as double) as maximum_weight,
        cast(mean_weight as double) as mean_weight,
        cast(unsupported_share as double) as unsupported_share,
        cast(unlogged_share as double) as unlogged_share,
        cutoff_at

    from policy_values

)

select * from final
