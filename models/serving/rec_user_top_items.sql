{%- set list_length = var("recommendations_per_user") -%}

with

offers as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        rank_in_tier,
        score

    from {{ ref('rec_user_allowed_offers') }}

),

fillers as (

    select
        user_id,
        item_id,
        source,
        tier,
        rank_in_tier

    from {{ ref('rec_user_fillers') }}

),

catalog as (

    select
        item_id,
        title

    from {{ ref('stg_catalog__items') }}

),

releases as (

    select
        release_id,
        generated_at

    from {{ ref('rec_release') }}

),

all_offers as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        tier,
        rank_in_tier,
        score

    from offers

    union all

    select
        user_id,
        item_id,
        source,
        null as evidence_item_id,
        tier,
        rank_in_tier,
        null as score

    from fillers

),

distinct_offers as (

    select * from all_offers

    qualify row_number() over (
        partition by user_id, item_id
        order by tier, rank_in_tier
    ) = 1

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_id
            order by tier, rank_in_tier, item_id
        ) as recommended_rank

    from distinct_offers

    qualify recommended_rank <= {{ list_length }}

),

final as (

    select
        ranked.user_id,
        cast(ranked.recommended_rank as integer) as recommended_rank,
        ranked.item_id,
        ranked.source,
        case ranked.source
            when 'als' then 'Chosen by people with a history like yours'
            when 'covisitation'
                then 'Often follows ' || coalesce(catalog.title, ranked.evidence_item_id)
            when 'repeat' then 'You chose it before'
            when 'segment' then 'Popular with people like you'
            else 'Popular now'
        end as reason,
        ranked.evidence_item_id,
        releases.release_id,
        ranked.score,
        releases.generated_at

    from ranked

    cross join releases

    left join catalog
        on ranked.evidence_item_id = catalog.item_id

)

select * from final
