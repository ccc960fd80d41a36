with

user_metrics as (

    select
        user_id,
        setting,
        system,
        history_count,
        relevant_count,
        ndcg_10,
        recall_10,
        precision_10,
        mrr_10,
        hit_10

    from {{ source('ml', 'user_metrics') }}

),

sliced as (

    select
        *,
        'all' as slice
    from user_metrics

    union all

    select
        *,
        case
            when history_count <= 5 then 'history 1-5'
            when history_count <= 20 then 'history 6-20'
            when history_count <= 100 then 'history 21-100'
            else 'history over 100'
        end as slice
    from user_metrics

),

final as (

    select
        setting,
        system,
        slice,
        cast(count(*) as bigint) as user_count,
        cast(avg(ndcg_10) as double) as ndcg_10,
        cast(avg(recall_10) as double) as recall_10,
        cast(avg(precision_10) as double) as precision_10,
        cast(avg(mrr_10) as double) as mrr_10,
        cast(avg(hit_10) as double) as hit_10

    from sliced

    group by setting, system, slice

)

select * from final
