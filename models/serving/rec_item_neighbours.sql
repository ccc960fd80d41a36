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

available_items as (

    select item_id from {{ ref('rec_popular_items') }}

    where segment = 'all'

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

),

covisited_items as (

    select distinct item_id from covisited

),

-- What the catalogue says of an item speaks where nobody has been seen with it and another.
all_neighbours as (

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

    left join covisited_items
        on content_neighbours.item_id = covisited_items.item_id

    where covisited_items.item_id is null

),

available as (

    select
        all_neighbours.item_id,
        all_neighbours.neighbour_item_id,
        all_neighbours.source,
        all_neighbours.support,
        all_neighbours.score,
        row_number() over (
            partition by all_neighbours.item_id
            order by all_neighbours.neighbour_rank, all_neighbours.neighbour_item_id
        ) as available_rank

    from all_neighbours

    inner join available_items
        on all_neighbours.neighbour_item_id = available_items.item_id

    qualify available_rank <= {{ var('neighbours_served') }}

),

final as (

    select
        available.item_id,
        cast(available.available_rank as integer) as neighbour_rank,
        available.neighbour_item_id,
        available.source,
        releases.release_id,
        cast(available.support as bigint) as support,
        cast(available.score as double) as score,
        releases.generated_at

    from available

    cross join releases

)

select * from final
