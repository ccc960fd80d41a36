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

-- One arm begins where the one before it ends: worked out by itself, a rounded beginning would now
-- and then leave a bucket to nobody, or to both.
ended as (

    select
        *,
        {{ bucket_edge("sum(cast(share as decimal(18, 9))) over arms_so_far") }} as bucket_until

    from read

    window arms_so_far as (partition by experiment_id order by variant_number)

),

final as (

    select
        experiment_id,
        variant,
        serves,
        cast(variant_number as integer) as variant_number,
        cast(share as double) as share,
        cast(
            lag(bucket_until, 1, 0) over (
                partition by experiment_id
                order by variant_number
            ) as bigint
        ) as bucket_from,
        bucket_until,
        variant_number = 1 as is_control

    from ended

)

select * from final
