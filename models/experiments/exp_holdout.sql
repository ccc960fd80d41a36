-- The users that no release touches: how they are chosen, what they get, and since when. The online
-- application reads the same row.
with

shown as (

    select
        variant,
        shown_at

    from {{ ref('stg_impressions__shown') }}

),

-- Before the first list that says so, the same users were treated like all others.
labelled as (

    select min(shown_at) as first_shown_at

    from shown

    where {{ says_holdout("variant") }}

),

final as (

    select
        cast({{ dbt.string_literal(var("holdout_salt")) }} as varchar) as salt,
        'popular' as serves,
        cast({{ var("holdout_share") }} as double) as share,
        cast(first_shown_at as timestamp) as first_shown_at

    from labelled

)

select * from final
