-- What a row of a list rests on, and how much of it there is; rows of which that is not known are
-- absent.
with

lists as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id

    from {{ ref('srv_user_lists') }}

),

releases as (

    select
        generated_at,
        ranked_at

    from {{ ref('rec_release') }}

),

contributions as (

    select
        user_id,
        item_id,
        history_item_id,
        history_count,
        cutoff_at

    from {{ source('ml', 'contributions') }}

    where contribution_rank = 1

),

neighbours as (

    select
        item_id,
        neighbour_item_id,
        support,
        cutoff_at

    from {{ ref('cnd_item_neighbours') }}

),

user_items as (

    select
        user_id,
        item_id,
        positive_count,
        cutoff_at

    from {{ ref('int_user_items') }}

    where positive_count > 0

),

learned as (

    select
        contributions.user_id,
        contributions.item_id,
        'als' as source,
        contributions.history_item_id as evidence_item_id,
        contributions.history_count as evidence_count

    from contributions

    inner join releases
        on contributions.cutoff_at = releases.ranked_at

),

covisited as (

    select
        neighbours.item_id as evidence_item_id,
        neighbours.neighbour_item_id as item_id,
        neighbours.support as evidence_count

    from neighbours

    inner join releases
        on neighbours.cutoff_at = releases.generated_at

),

repeated as (

    select
        user_items.user_id,
        user_items.item_id,
        user_items.positive_count as evidence_count

    from user_items

    inner join releases
        on user_items.cutoff_at = releases.generated_at

),

final as (

    select
        lists.user_id,
        lists.item_id,
        learned.evidence_item_id,
        cast(learned.evidence_count as bigint) as evidence_count

    from lists

    inner join learned
        on
            lists.user_id = learned.user_id
            and lists.item_id = learned.item_id
            and lists.source = learned.source

    union all

    select
        lists.user_id,
        lists.item_id,
        lists.evidence_item_id,
        cast(covisited.evidence_count as bigint) as evidence_count

    from lists

    inner join covisited
        on
            lists.item_id = covisited.item_id
            and lists.evidence_item_id = covisited.evidence_item_id

    where lists.source = 'covisitation'

    union all

    select
        lists.user_id,
        lists.item_id,
        lists.evidence_item_id,
        cast(repeated.evidence_count as bigint) as evidence_count

    from lists

    inner join repeated
        on
            lists.user_id = repeated.user_id
            and lists.item_id = repeated.item_id

    where lists.source = 'repeat'

)

select * from final
