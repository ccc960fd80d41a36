with

source as (

    select * from {{ source('mapped', 'users') }}

),

renamed as (

    select
        -- ids
        nullif(trim(user_id), '') as user_id,

        -- strings
        nullif(trim(segment), '') as segment,
        attributes,

        -- timestamps
        {{ utc_timestamp('signed_up_at') }} as signed_up_at

    from source

),

-- A user listed twice keeps the newest row.
deduplicated as (

    select * from renamed

    where user_id is not null

    qualify row_number() over (
        partition by user_id
        order by
            signed_up_at desc nulls last,
            segment asc nulls last,
            cast(attributes as varchar) asc
    ) = 1

)

select * from deduplicated
