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

available as (

    select
        neighbours.item_id,
        neighbours.neighbour_item_id,
        neighbours.support,
        neighbours.candidate_score as score,
        row_number() over (
            partition by neighbours.item_id
            order by neighbours.neighbour_rank, neighbours.neighbour_item_id
        ) as available_rank

    from neighbours

    inner join cutoffs
        on neighbours.cutoff_at = cutoffs.cutoff_at

    inner join available_items
        on neighbours.neighbour_item_id = available_items.item_id

    qualify available_rank <= {{ var('neighbours_served') }}

),

final as (

    select
        available.item_id,
        cast(available.available_rank as integer) as neighbour_rank,
        available.neighbour_item_id,
        releases.release_id,
        available.support,
        available.score,
        releases.generated_at

    from available

    cross join releases

)

select * from final
