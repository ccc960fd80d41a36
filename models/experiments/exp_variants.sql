-- The arms of each experiment, and the buckets whose users get them.
with

experiments as (

    select
        experiment_id,
        variants

    from {{ ref('exp_experiments') }}

    where reject_reason is null

),

parts as (

    select
        experiment_id,
        unnest(string_split_regex(trim(variants), '\s+')) as variant_part,
        generate_subscripts(string_split_regex(trim(variants), '\s+'), 1) as variant_number

    from experiments

),

read as (

    select
        experiment_id,
        split_part(variant_part, ':', 1) as variant,
        split_part(variant_part, ':', 3) as serves,
        variant_number,
        cast(split_part(variant_part, ':', 2) as double) as share

    from parts

),

summed as (

    select
        *,
        sum(share) over (
            partition by experiment_id
            order by variant_number
        ) as cumulated_share

    from read

),

final as (

    select
        experiment_id,
        variant,
        serves,
        cast(variant_number as integer) as variant_number,
        cast(share as double) as share,
        cast(round((cumulated_share - share) * 10000) as bigint) as bucket_from,
        cast(round(cumulated_share * 10000) as bigint) as bucket_until,
        variant_number = 1 as is_control

    from summed

)

select * from final
