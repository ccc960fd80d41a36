-- The first moment at which a user met an experiment, and who is set aside and why.
with

exposures as (

    select
        experiment_id,
        user_id,
        variant,
        surface,
        release_id,
        variant_count,
        is_shown_another,
        exposed_at

    from {{ ref('exp_first_contacts') }}

),

variants as (

    select
        experiment_id,
        variant

    from {{ ref('exp_variants') }}

),

bots as (

    select user_id from {{ ref('int_bots') }}

),

shared_users as (

    select
        experiment_id,
        user_id

    from {{ ref('exp_shared_users') }}

),

final as (

    select
        exposures.experiment_id,
        exposures.user_id,
        exposures.variant,
        exposures.surface,
        exposures.release_id,
        case
            when variants.variant is null then 'unknown_variant'
            when exposures.variant_count > 1 or exposures.is_shown_another then 'two_variants'
            when bots.user_id is not null then 'bot'
            when shared_users.user_id is not null then 'shared_browser'
        end as set_aside_reason,
        cast(exposures.exposed_at as date) as exposed_date,
        cast(exposures.exposed_at as timestamp) as exposed_at

    from exposures

    left join variants
        on
            exposures.experiment_id = variants.experiment_id
            and exposures.variant = variants.variant

    left join bots
        on exposures.user_id = bots.user_id

    left join shared_users
        on
            exposures.experiment_id = shared_users.experiment_id
            and exposures.user_id = shared_users.user_id

)

select * from final
