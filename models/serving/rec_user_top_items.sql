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

personal_evidence as (

    select
        user_id,
        item_id,
        evidence_item_id,
        evidence_count

    from {{ ref('srv_list_evidence') }}

),

popular_evidence as (

    select
        user_id,
        item_id,
        evidence_count

    from {{ ref('srv_popular_evidence') }}

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

evident as (

    select
        lists.user_id,
        lists.item_id,
        lists.source,
        lists.recommended_rank,
        lists.score,
        coalesce(lists.evidence_item_id, personal_evidence.evidence_item_id) as evidence_item_id,
        coalesce(
            personal_evidence.evidence_count, popular_evidence.evidence_count
        ) as evidence_count

    from lists

    left join personal_evidence
        on
            lists.user_id = personal_evidence.user_id
            and lists.item_id = personal_evidence.item_id

    left join popular_evidence
        on
            lists.user_id = popular_evidence.user_id
            and lists.item_id = popular_evidence.item_id

),

titled as (

    select
        evident.*,
        coalesce(catalog.title, evident.evidence_item_id) as evidence_title

    from evident

    left join catalog
        on evident.evidence_item_id = catalog.item_id

),

final as (

    select
        titled.user_id,
        titled.recommended_rank,
        titled.item_id,
        titled.source,
        case titled.source
            when 'als'
                then
                    coalesce(
                        'Fits your history, most of all ' || titled.evidence_title,
                        'Chosen by people with a history like yours'
                    )
            when 'covisitation'
                then
                    'Often follows ' || titled.evidence_title
                    || coalesce(' (' || titled.evidence_count || ' people had both)', '')
            when 'repeat'
                then
                    'You chose it '
                    || coalesce(
                        case titled.evidence_count
                            when 1 then 'once' else titled.evidence_count || ' times'
                        end,
                        'before'
                    )
            when 'pinned' then 'Chosen by the editors'
            when 'segment'
                then 'Popular with people like you' || {{ people_lately('titled.evidence_count') }}
            else 'Popular now' || {{ people_lately('titled.evidence_count') }}
        end as reason,
        titled.evidence_item_id,
        releases.release_id,
        titled.evidence_count,
        titled.score,
        releases.generated_at

    from titled

    cross join releases

)

select * from final
