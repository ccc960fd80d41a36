-- Every search for better settings, trial by trial, beside the settings that the log had then.
with

trials as (

    select
        study,
        part,
        trial_number,
        setting,
        state,
        parameters,
        fold_count,
        value,
        seconds,
        is_present,
        finished_at

    from {{ source('ml', 'tuning_trials') }}

),

-- A trial that was given up, or failed, was not judged by all folds: it cannot be the best.
studies as (

    select
        study,
        arg_max(trial_number, (value, -trial_number)) filter (where state = 'complete')
            as best_trial_number,
        max(value) filter (where is_present and state = 'complete') as present_value

    from trials

    group by study

),

final as (

    select
        trials.study,
        trials.part,
        trials.setting,
        trials.state,
        trials.parameters,
        cast(trials.trial_number as bigint) as trial_number,
        cast(trials.fold_count as bigint) as fold_count,
        cast(trials.value as double) as value,
        cast(studies.present_value as double) as present_value,
        cast(
            case
                when trials.state = 'complete'
                    then round(trials.value / nullif(studies.present_value, 0) - 1, 9)
            end as double
        ) as relative_lift,
        cast(trials.seconds as double) as seconds,
        trials.is_present,
        coalesce(trials.trial_number = studies.best_trial_number, false) as is_best,
        cast(trials.finished_at as timestamp) as finished_at

    from trials

    inner join studies
        on trials.study = studies.study

)

select * from final
