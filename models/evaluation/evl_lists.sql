with

baseline_lists as (

    select
        user_id,
        item_id,
        system,
        setting,
        recommended_rank,
        cutoff_at

    from {{ ref('evl_baseline_lists') }}

),

two_stage_lists as (

    select
        user_id,
        item_id,
        system,
        setting,
        recommended_rank,
        cutoff_at

    from {{ ref('evl_two_stage_lists') }}

),

lists as (

    select
        user_id,
        item_id,
        system,
        setting,
        recommended_rank,
        cutoff_at

    from baseline_lists

    union all

    select
        user_id,
        item_id,
        system,
        setting,
        recommended_rank,
        cutoff_at

    from two_stage_lists

)

select * from lists
