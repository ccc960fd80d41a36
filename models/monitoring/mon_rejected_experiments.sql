-- Experiments that cannot be analysed, with what is wrong and what to do.
with

experiments as (

    select
        line_number,
        experiment_id,
        variants,
        primary_metric,
        note,
        written_in,
        reject_reason

    from {{ ref('exp_experiments') }}

    where reject_reason is not null

),

final as (

    select
        line_number,
        experiment_id,
        variants,
        primary_metric,
        note,
        written_in,
        reject_reason,
        case reject_reason
            when 'missing_id' then 'experiment_id must name the experiment'
            when 'unusable_id'
                then 'experiment_id must be of a-z, 0-9, _ and -, and not history or holdout'
            when 'unknown_unit' then 'unit must be user: users are assigned and counted'
            when 'missing_layer' then 'layer must say which experiments exclude each other'
            when 'missing_salt' then 'salt must be a text of its own, such as the experiment_id'
            when 'unreadable_variants'
                then
                    'variants must be name:share:serves, separated by blanks, such as '
                    || 'control:0.5:most_popular personal:0.5:live'
            when 'salt_of_the_holdout'
                then 'salt must not be that of the long-run holdout (holdout_salt)'
            when 'fewer_than_two_variants' then 'variants must be two or more'
            when 'repeated_variant' then 'variants must have different names'
            when 'shares_do_not_add_up' then 'shares must be above 0 and add up to 1'
            when 'layer_out_of_range'
                then 'layer_from and layer_until must be numbers from 0 to 1, in this order'
            when 'holdout_out_of_range' then 'holdout must be a share from 0 to 0.5'
            when 'unreadable_moment'
                then 'starts_at and ends_at must be dates or times, such as 2026-11-27 08:00'
            when 'ends_before_it_starts' then 'ends_at must be later than starts_at'
            when 'unreadable_guardrails'
                then
                    'guardrails must be metric:margin, separated by blanks, such as '
                    || 'negative_events:0.02'
            when 'unknown_metric' then 'primary_metric must be a metric of exp_metrics'
            when 'unknown_guardrail' then 'guardrails must name metrics of exp_metrics'
            when 'repeated_id'
                then
                    'a restart, or new shares, needs a new experiment_id and a new salt: users of '
                    || 'both would be mixed'
            when 'repeated_salt'
                then 'two experiments need two salts, else one splits the users of the other'
            when 'overlaps_in_its_layer'
                then
                    'experiments of one layer at one time need parts of it that do not overlap: '
                    || 'change layer_from and layer_until, the times or the layer'
            when 'changes_the_lists_of_another'
                then
                    'a list can be that of one experiment: two at one time that serve popular need '
                    || 'one layer and parts of it that do not overlap (layer_from, layer_until)'
            when 'shown_before_its_start'
                then
                    'its lists were shown before starts_at: a restart needs a new experiment_id '
                    || 'and a new salt, or users of both would be mixed'
        end || '; edit ' || written_in as remedy

    from experiments

)

select * from final
