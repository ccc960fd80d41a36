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
        cast(round(favg(ndcg_10), 9) as double) as ndcg_10,
        cast(round(favg(recall_10), 9) as double) as recall_10,
        cast(round(favg(precision_10), 9) as double) as precision_10,
        cast(round(favg(mrr_10), 9) as double) as mrr_10,
        cast(round(favg(hit_10), 9) as double) as hit_10

    from sliced

    group by setting, system, slice

)

select * from final
