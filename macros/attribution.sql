{#
    Which list led to what users did: experiments ask it, and the labels of impressions, of what was
    known at different moments. Tables are read by these names:

    done: what users did, with `known_until`, before which the row was known and of which there may
    be several, interaction_type, request_id and interacted_at.
#}
{% macro naming_types() -%}
    beginnings as (

        select
            known_until,
            interaction_type,
            min(interacted_at) as naming_since

        from done

        where request_id is not null

        group by known_until, interaction_type

    ),

    naming_shares as (

        select
            beginnings.known_until,
            beginnings.interaction_type,
            beginnings.naming_since,
            count(done.request_id) / count(*) as naming_share

        from beginnings

        inner join done
            on
                beginnings.known_until = done.known_until
                and beginnings.interaction_type = done.interaction_type
                and beginnings.naming_since <= done.interacted_at

        group by beginnings.known_until, beginnings.interaction_type, beginnings.naming_since

    ),

    naming_types as (

        select
            *,
            -- Fewer than one in a hundred is an accident, not a way to log.
            naming_share >= 0.01 as is_naming

        from naming_shares

    )
{%- endmacro %}

{#
    done: with the ids of user and item too. naming_types: those that are naming. shown: impressions,
    with known_until, request_id, user_id, item_id and shown_at.
#}
{% macro attributed() -%}
    {%- set window = "interval '" ~ var("attribution_hours") ~ "' hour" -%}
    named as (

        select
            done.*,
            done.request_id is not null
            or coalesce(done.interacted_at >= naming_types.naming_since, false) as is_naming_lists

        from done

        left join naming_types
            on
                done.known_until = naming_types.known_until
                and done.interaction_type = naming_types.interaction_type

    ),

    attributed as (

        select
            named.*,
            max(shown.shown_at) filter (
                where named.request_id = shown.request_id or not named.is_naming_lists
            ) as shown_at,
            max_by(shown.request_id, (shown.shown_at, shown.request_id)) filter (
                where named.request_id = shown.request_id or not named.is_naming_lists
            ) as shown_request_id,
            count(shown.request_id) > 0 as is_of_shown_item

        from named

        left join shown
            on
                named.known_until = shown.known_until
                and named.user_id = shown.user_id
                and named.item_id = shown.item_id
                and shown.shown_at <= named.interacted_at
                and shown.shown_at > named.interacted_at - {{ window }}

        group by all

    )
{%- endmacro %}
