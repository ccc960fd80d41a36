with

source as (

    select * from {{ source('mapped', 'items') }}

),

renamed as (

    select
        -- ids
        nullif(trim(item_id), '') as item_id,

        -- strings
        nullif(trim(title), '') as title,
        -- A list of categories arrives as the text [first, second]; the first is the main one.
        nullif(
            trim(
                case
                    when trim(category) like '[%]' then try_cast(category as varchar[])[1]
                    else category
                end
            ),
            ''
        ) as category,
        attributes,

        -- numbers
        case
            when isfinite(try_cast(price as double)) then try_cast(price as double)
        end as price,

        -- booleans
        coalesce(
            lower(trim(available)) not in ('false', 'f', 'no', 'n', '0'),
            true
        ) as is_available,

        -- timestamps
        {{ utc_timestamp('created_at') }} as created_at

    from source

),

-- An item listed twice keeps its newest row.
deduplicated as (

    select * from renamed

    where item_id is not null

    qualify row_number() over (
        partition by item_id
        order by
            created_at desc nulls last,
            is_available asc,
            title asc nulls last,
            category asc nulls last,
            price asc nulls last,
            cast(attributes as varchar) asc
    ) = 1

)

select * from deduplicated
