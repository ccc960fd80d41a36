with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

popular_items as (

    select
        item_id,
        segment,
        popularity_rank,
        user_count_28d,
        candidate_score,
        cutoff_at

    from {{ ref('cnd_popular_items') }}

),

catalog as (

    select
        item_id,
        is_available

    from {{ ref('stg_catalog__items') }}

),

releases as (

    select
        release_id,
        generated_at

    from {{ ref('rec_release') }}

),

-- Items nobody has touched close the general list, so that a new catalogue is never an empty page.
offers as (

    select
        popular_items.item_id,
        popular_items.segment,
        popular_items.popularity_rank,
        popular_items.user_count_28d,
        popular_items.candidate_score as score

    from popular_items

    inner join cutoffs
        on popular_items.cutoff_at = cutoffs.cutoff_at

    union all

    select
        catalog.item_id,
        'all' as segment,
        null as popularity_rank,
        0 as user_count_28d,
        0.0 as score

    from catalog

    cross join cutoffs

    left join popular_items
        on
            catalog.item_id = popular_items.item_id
            and cutoffs.cutoff_at = popular_items.cutoff_at
            and popular_items.segment = 'all'

    where popular_items.item_id is null

),

-- An item that the catalogue does not list is taken to be available.
available as (

    select
        offers.item_id,
        offers.segment,
        offers.user_count_28d,
        offers.score,
        cast(
            row_number() over (
                partition by offers.segment
                order by offers.popularity_rank asc nulls last, offers.item_id asc
            ) as integer
        ) as popularity_rank

    from offers

    left join catalog
        on offers.item_id = catalog.item_id

    where coalesce(catalog.is_available, true)

),

final as (

    select
        available.segment,
        available.popularity_rank,
        available.item_id,
        releases.release_id,
        cast(available.user_count_28d as bigint) as user_count_28d,
        cast(available.score as double) as score,
        releases.generated_at

    from available

    cross join releases

)

select * from final
