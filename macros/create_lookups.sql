{#
    The two lookups, as table macros of the warehouse. The published snapshot gets them from there.

    `recommend` answers from the personal list, else from the user's segment, else from the general
    list; the last step repeats seen items for a user who has seen the whole catalogue, because an
    empty page helps nobody. `similar_items` closes with popular items in the same way.
#}
{% macro create_lookups() -%}
    {#- DuckDB binds a macro when it is made, so it is made with the lists: a run of other layers
        has none to look up, or those of an earlier version, which have their own lookups. -#}
    {%- set built = results | selectattr("status", "equalto", "success") | map(attribute="node.name") | list if execute and results is defined -%}
    {%- if "rec_user_top_items" in (built or []) -%}
    create or replace macro main.recommend(user_key) as table
    with personal as (
        select
            recommended_rank,
            item_id,
            score,
            source,
            reason,
            evidence_item_id,
            evidence_count,
            release_id,
            generated_at
        from serving.rec_user_top_items
        where user_id = cast(user_key as varchar)
    ),
    segment as (
        select
            rec_popular_items.popularity_rank as recommended_rank,
            rec_popular_items.item_id,
            cast(null as double) as score,
            'segment' as source,
            'Popular with people like you'
            || {{ people_lately('rec_popular_items.user_count_28d') }} as reason,
            cast(null as varchar) as evidence_item_id,
            rec_popular_items.user_count_28d as evidence_count,
            rec_popular_items.release_id,
            rec_popular_items.generated_at
        from serving.rec_popular_items
        inner join serving.rec_user_segments
            on rec_popular_items.segment = rec_user_segments.segment
        where
            rec_user_segments.user_id = cast(user_key as varchar)
            and rec_popular_items.popularity_rank <= {{ var('recommendations_per_user') }}
            and not exists (select 1 from personal)
    ),
    popular as (
        select
            popularity_rank as recommended_rank,
            item_id,
            cast(null as double) as score,
            'popular' as source,
            'Popular now' || {{ people_lately('user_count_28d') }} as reason,
            cast(null as varchar) as evidence_item_id,
            user_count_28d as evidence_count,
            release_id,
            generated_at
        from serving.rec_popular_items
        where
            segment = 'all'
            and popularity_rank <= {{ var('recommendations_per_user') }}
            and not exists (select 1 from personal)
            and not exists (select 1 from segment)
    )
    select * from personal
    union all by name
    select * from segment
    union all by name
    select * from popular
    order by recommended_rank;

    create or replace macro main.similar_items(item_key) as table
    with neighbours as (
        select neighbour_rank, neighbour_item_id, score, source, support, release_id, generated_at
        from serving.rec_item_neighbours
        where item_id = cast(item_key as varchar)
    ),
    popular as (
        select
            cast(row_number() over (order by popularity_rank) as integer) as neighbour_rank,
            item_id as neighbour_item_id,
            cast(null as double) as score,
            'popular' as source,
            cast(0 as bigint) as support,
            release_id,
            generated_at
        from serving.rec_popular_items
        where
            segment = 'all'
            and item_id != cast(item_key as varchar)
            and popularity_rank <= {{ var('neighbours_served') }}
            and not exists (select 1 from neighbours)
    )
    select * from neighbours
    union all by name
    select * from popular
    order by neighbour_rank;
    {%- endif -%}
{%- endmacro %}
