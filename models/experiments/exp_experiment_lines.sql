-- The experiments of this log as they are written, and what is wrong with the writing of each.
{% set release = '[0-9]{8}T[0-9]{6}-[0-9a-f]+' %}

with

fields as (

    select * from {{ ref('exp_experiment_fields') }}

),

final as (

    select
        line_number,
        experiment_id,
        layer,
        salt,
        variants,
        unit,
        primary_metric,
        guardrails,
        note,
        written_in,
        case
            when experiment_id is null then 'missing_id'
            when
                not regexp_full_match(experiment_id, '[a-z0-9_-]+')
                or experiment_id in ('history', 'holdout')
                then 'unusable_id'
            when unit != 'user' then 'unknown_unit'
            when layer is null then 'missing_layer'
            when salt is null then 'missing_salt'
            when salt = {{ dbt.string_literal(var("holdout_salt")) }} then 'salt_of_the_holdout'
            when variants is null or has_unreadable_variant then 'unreadable_variants'
            when variant_count < 2 then 'fewer_than_two_variants'
            when has_repeated_variant then 'repeated_variant'
            when least_share <= 0 or abs(share_sum - 1) > 1e-6 then 'shares_do_not_add_up'
            when
                coalesce(
                    layer_from < 0 or layer_until > 1 or layer_from >= layer_until, true
                )
                then 'layer_out_of_range'
            when coalesce(holdout < 0 or holdout > 0.5, true) then 'holdout_out_of_range'
            when starts_at is null or ends_at is null then 'unreadable_moment'
            when starts_at >= ends_at then 'ends_before_it_starts'
            when has_unreadable_guardrail then 'unreadable_guardrails'
        end as reject_reason,
        layer_from,
        layer_until,
        holdout,
        -- The application gives some of its users another list than they would get anyway.
        coalesce(
            regexp_full_match(variants, '(\S+:(live|popular|{{ release }})\s*)+')
            and regexp_matches(variants, ':(popular|{{ release }})(\s|$)'),
            false
        ) as is_changing_lists,
        starts_at,
        ends_at

    from fields

)

select * from final
