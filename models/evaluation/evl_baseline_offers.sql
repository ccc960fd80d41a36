-- What each simple recommender proposes at the evaluation cutoff, before lists are cut from it.
with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'evaluate'

),

candidates as (

    select
        user_id,
        item_id,
        als_rank,
        covisited_rank,
        repeat_rank,
        is_seen,
        cutoff_at

    from {{ ref('rnk_candidates') }}

),

blends as (

    select
        user_id,
        item_id,
        blend_rank,
        is_seen,
        cutoff_at

    from {{ ref('rnk_blends') }}

),

popular_offers as (

    select
        user_id,
        item_id,
        system,
        item_rank,
        is_seen,
        cutoff_at

    from {{ ref('evl_popular_offers') }}

),

offers as (

    select
        user_id,
        item_id,
        'als' as system,
        als_rank as item_rank,
        is_seen,
        cutoff_at

    from candidates

    where als_rank is not null

    union all

    select
        user_id,
        item_id,
        'covisitation' as system,
        covisited_rank as item_rank,
        is_seen,
        cutoff_at

    from candidates

    where covisited_rank is not null

    union all

    select
        user_id,
        item_id,
        'repeats' as system,
        repeat_rank as item_rank,
        is_seen,
        cutoff_at

    from candidates

    where repeat_rank is not null

    union all

    select
        user_id,
        item_id,
        'blend' as system,
        blend_rank as item_rank,
        is_seen,
        cutoff_at

    from blends

    union all

    select
        user_id,
        item_id,
        system,
        item_rank,
        is_seen,
        cutoff_at

    from popular_offers

),

final as (

    select
        offers.user_id,
        offers.item_id,
        offers.system,
        cast(offers.item_rank as bigint) as item_rank,
        offers.is_seen,
        offers.cutoff_at

    from offers

    inner join cutoffs
        on offers.cutoff_at = cutoffs.cutoff_at

)

select * from final
