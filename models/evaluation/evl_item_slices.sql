with

lists as (

    select
        user_id,
        item_id,
        system,
        setting

    from {{ ref('evl_lists') }}

),

relevant_pairs as (

    select
        user_id,
        item_id,
        setting

    from {{ ref('evl_relevant_pairs') }}

),

items as (

    select
        item_id,
        is_top,
        is_recent

    from {{ ref('evl_items') }}

),

systems as (

    select distinct
        system,
        setting

    from lists

),

-- Every system is asked for every relevant pair.
found as (

    select
        relevant_pairs.item_id,
        systems.system,
        systems.setting,
        lists.item_id is not null as is_found

    from relevant_pairs

    inner join systems
        on relevant_pairs.setting = systems.setting

    left join lists
        on
            relevant_pairs.user_id = lists.user_id
            and relevant_pairs.item_id = lists.item_id
            and systems.system = lists.system
            and systems.setting = lists.setting

),

sliced as (

    select
        found.system,
        found.setting,
        found.is_found,
        unnest([
            'all',
            case
                when items.item_id is null then 'item never touched before'
                when items.is_recent then 'item first touched within a horizon'
                else 'item first touched earlier'
            end,
            case
                when items.is_top then 'item of the most popular hundredth'
                else 'item less popular'
            end
        ]) as slice

    from found

    left join items
        on found.item_id = items.item_id

),

final as (

    select
        setting,
        system,
        slice,
        cast(count(*) as bigint) as relevant_count,
        cast(count(*) filter (where is_found) as bigint) as found_count,
        cast(avg(cast(is_found as integer)) as double) as found_share

    from sliced

    group by setting, system, slice

)

select * from final
