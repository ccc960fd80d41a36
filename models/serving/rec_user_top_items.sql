with

lists as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        recommended_rank,
        score

    from {{ ref('srv_user_lists') }}

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

final as (

    select
        lists.user_id,
        lists.recommended_rank,
        lists.item_id,
        lists.source,
        case lists.source
            when 'als' then 'Chosen by people with a history like yours'
            when 'covisitation'
                then 'Often follows ' || coalesce(catalog.title, lists.evidence_item_id)
            when 'repeat' then 'You chose it before'
            when 'segment' then 'Popular with people like you'
            else 'Popular now'
        end as reason,
        lists.evidence_item_id,
        releases.release_id,
        lists.score,
        releases.generated_at

    from lists

    cross join releases

    left join catalog
        on lists.evidence_item_id = catalog.item_id

)

select * from final
