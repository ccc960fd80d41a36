{%- set depth = 10 -%}

-- The lists that each simple recommender would have shown at the evaluation cutoff, in both
-- settings: new items only, and with repeats.
with

moments as (

    select
        user_id,
        cutoff_at

    from {{ ref('trn_ranking_moments') }}

    where role = 'evaluate'

),

popular_items as (

    select
        item_id,
        popularity_rank,
        user_count,
        cutoff_at

    from {{ ref('cnd_popular_items') }}

    where segment = 'all'

),

covisited as (

    select
        user_id,
        item_id,
        candidate_rank,
        cutoff_at

    from {{ ref('cnd_user_covisited') }}

),

learned as (

    select
        user_id,
        item_id,
        candidate_rank,
        cutoff_at

    from {{ source('ml', 'candidates') }}

),

history as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('int_user_items') }}

),

history_lengths as (

    select
        user_id,
        cutoff_at,
        count(*) as item_count

    from history

    group by user_id, cutoff_at

),

popular_systems as (

    select
        item_id,
        'decayed_popular' as system,
        popularity_rank as item_rank,
        cutoff_at

    from popular_items

    union all

    select
        item_id,
        'most_popular' as system,
        row_number() over (
            partition by cutoff_at
            order by user_count desc, item_id asc
        ) as item_rank,
        cutoff_at

    from popular_items

),

-- A list of unseen items never reaches deeper than its length plus what was seen.
offers as (

    select
        moments.user_id,
        popular_systems.item_id,
        popular_systems.system,
        popular_systems.item_rank,
        moments.cutoff_at

    from moments

    inner join history_lengths
        on
            moments.user_id = history_lengths.user_id
            and moments.cutoff_at = history_lengths.cutoff_at

    inner join popular_systems
        on
            moments.cutoff_at = popular_systems.cutoff_at
            and popular_systems.item_rank <= {{ depth }} + history_lengths.item_count

    union all

    select
        user_id,
        item_id,
        'covisitation' as system,
        candidate_rank as item_rank,
        cutoff_at

    from covisited

    union all

    select
        user_id,
        item_id,
        'als' as system,
        candidate_rank as item_rank,
        cutoff_at

    from learned

),

flagged as (

    select
        offers.user_id,
        offers.item_id,
        offers.system,
        offers.item_rank,
        history.item_id is not null as is_seen,
        offers.cutoff_at

    from offers

    inner join moments
        on
            offers.user_id = moments.user_id
            and offers.cutoff_at = moments.cutoff_at

    left join history
        on
            offers.user_id = history.user_id
            and offers.item_id = history.item_id
            and offers.cutoff_at = history.cutoff_at

),

settings as (

    select
        *,
        'with_repeats' as setting
    from flagged

    union all

    select
        *,
        'new_items' as setting
    from flagged

    where not is_seen

),

final as (

    select
        user_id,
        item_id,
        system,
        setting,
        cast(
            row_number() over (
                partition by system, setting, cutoff_at, user_id
                order by item_rank, item_id
            ) as integer
        ) as recommended_rank,
        cutoff_at

    from settings

    qualify recommended_rank <= {{ depth }}

)

select * from final
