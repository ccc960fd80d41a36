with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

    where role = 'serve'

),

ranked_candidates as (

    select
        release_id,
        cutoff_at

    from {{ source('ml', 'ranked_candidates') }}

),

-- What Python learned last; nothing yet on a warehouse that only dbt has built.
learned as (

    select
        max(ranked_candidates.release_id) as release_id,
        max(ranked_candidates.cutoff_at) as ranked_at

    from ranked_candidates

),

final as (

    select
        coalesce(learned.release_id, 'sql-only') as release_id,
        cutoffs.cutoff_at as generated_at,
        learned.ranked_at

    from cutoffs

    cross join learned

)

select * from final
