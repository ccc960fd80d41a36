-- How many users each arm has, who was set aside, and what of the catalogue its users were shown.
with

variants as (

    select
        experiment_id,
        variant,
        serves,
        variant_number,
        share,
        is_control

    from {{ ref('exp_variants') }}

),

exposures as (

    select
        experiment_id,
        variant,
        set_aside_reason

    from {{ ref('exp_exposures') }}

),

items as (

    select item_id from {{ ref('stg_catalog__items') }}

),

shown_items as (

    select
        experiment_id,
        item_id,
        variant

    from {{ ref('exp_shown_items') }}

),

counted as (

    select
        experiment_id,
        variant,
        count(*) as exposed_count,
        count(*) filter (where set_aside_reason is null) as user_count,
        count(*) filter (where set_aside_reason = 'two_variants') as two_variants_count,
        count(*) filter (where set_aside_reason = 'shared_browser') as shared_browser_count,
        count(*) filter (where set_aside_reason = 'bot') as bot_count

    from exposures

    group by experiment_id, variant

),

shown as (

    select
        experiment_id,
        variant,
        count(distinct item_id) as shown_item_count

    from shown_items

    group by experiment_id, variant

),

catalogue as (

    select count(*) as item_count from items

),

final as (

    select
        variants.experiment_id,
        variants.variant,
        variants.serves,
        variants.variant_number,
        variants.share,
        cast(coalesce(counted.exposed_count, 0) as bigint) as exposed_count,
        cast(coalesce(counted.user_count, 0) as bigint) as user_count,
        cast(coalesce(counted.two_variants_count, 0) as bigint) as two_variants_count,
        cast(coalesce(counted.shared_browser_count, 0) as bigint) as shared_browser_count,
        cast(coalesce(counted.bot_count, 0) as bigint) as bot_count,
        cast(coalesce(shown.shown_item_count, 0) as bigint) as shown_item_count,
        cast(
            shown.shown_item_count / nullif(catalogue.item_count, 0) as double
        ) as catalogue_coverage,
        variants.is_control

    from variants

    left join counted
        on
            variants.experiment_id = counted.experiment_id
            and variants.variant = counted.variant

    left join shown
        on
            variants.experiment_id = shown.experiment_id
            and variants.variant = shown.variant

    cross join catalogue

)

select * from final
