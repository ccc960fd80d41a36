-- Of which experiments lists say `experiment:variant`, and since when.
with

shown as (

    select
        request_id,
        variant,
        shown_at

    from {{ ref('stg_impressions__shown') }}

    where variant is not null

),

labels as (

    select
        unnest(
            regexp_extract_all(variant, '(?:^|[,\s])([a-z0-9_-]+):[a-z0-9_]+', 1)
        ) as experiment_id,
        request_id,
        shown_at

    from shown

),

final as (

    select
        experiment_id,
        cast(count(distinct request_id) as bigint) as list_count,
        cast(min(shown_at) as timestamp) as first_shown_at

    from labels

    group by experiment_id

)

select * from final
