with

lists as (

    select
        item_id,
        system,
        setting

    from {{ ref('evl_lists') }}

),

items as (

    select item_id from {{ ref('evl_items') }}

),

user_lists as (

    select
        system,
        setting,
        item_count,
        novelty_bits,
        top_item_share,
        category_diversity

    from {{ ref('evl_user_list_quality') }}

),

catalogue as (

    select count(*) as catalogue_count from items

),

listed as (

    select
        system,
        setting,
        count(distinct item_id) as listed_count

    from lists

    group by system, setting

),

averaged as (

    select
        system,
        setting,
        count(*) as user_count,
        avg(item_count) as list_length,
        favg(novelty_bits) as novelty_bits,
        favg(top_item_share) as top_item_share,
        favg(category_diversity) as category_diversity

    from user_lists

    group by system, setting

),

final as (

    select
        averaged.setting,
        averaged.system,
        cast(averaged.user_count as bigint) as user_count,
        cast(averaged.list_length as double) as list_length,
        cast(listed.listed_count / catalogue.catalogue_count as double) as coverage,
        cast(round(averaged.novelty_bits, 9) as double) as novelty_bits,
        cast(round(averaged.top_item_share, 9) as double) as top_item_share,
        cast(round(averaged.category_diversity, 9) as double) as category_diversity

    from averaged

    inner join listed
        on
            averaged.system = listed.system
            and averaged.setting = listed.setting

    cross join catalogue

)

select * from final
