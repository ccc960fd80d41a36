with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

neighbours as (

    select
        item_id,
        neighbour_item_id,
        neighbour_rank,
        support,
        candidate_score,
        cutoff_at

    from {{ ref('cnd_item_neighbours') }}

),

content_neighbours as (

    select
        item_id,
        neighbour_item_id,
        neighbour_rank,
        similarity

    from {{ source('ml', 'content_neighbours') }}

),

items as (

    select item_id from {{ ref('srv_items') }}

),

releases as (

    select
        release_id,
        generated_at

    from {{ ref('rec_release') }}

),

covisited as (

    select
        neighbours.item_id,
        neighbours.neighbour_item_id,
        'covisitation' as source,
        neighbours.neighbour_rank,
        neighbours.support,
        neighbours.candidate_score as score

    from neighbours

    inner join cutoffs
        on neighbours.cutoff_at = cutoffs.cutoff_at

    inner join items
        on neighbours.neighbour_item_id = items.item_id

),

covisited_items as (

    select distinct item_id from covisited

),

-- What the catalogue says of an item speaks where nobody has been seen with it and another that may
-- be offered.
offered as (

    select
        item_id,
        neighbour_item_id,
        source,
        neighbour_rank,
        support,
        score

    from covisited

    union all

    select
        content_neighbours.item_id,
        content_neighbours.neighbour_item_id,
        'content' as source,
        content_neighbours.neighbour_rank,
        0 as support,
        content_neighbours.similarity as score

    from content_neighbours

    inner join items
        on content_neighbours.neighbour_item_id = items.item_id

    left join covisited_items
        on content_neighbours.item_id = covisited_items.item_id

    where covisited_items.item_id is null

),

ranked as (

    select
        *,
        row_number() over (
            partition by item_id
            order by neighbour_rank, neighbour_item_id
        ) as offered_rank

    from offered

    qualify offered_rank <= {{ var('neighbours_served') }}

),

final as (

    select
        ranked.item_id,
        cast(ranked.offered_rank as integer) as neighbour_rank,
        ranked.neighbour_item_id,
        ranked.source,
        releases.release_id,
        cast(ranked.support as bigint) as support,
        cast(ranked.score as double) as score,
        releases.generated_at

    from ranked

    cross join releases

)

select * from final
