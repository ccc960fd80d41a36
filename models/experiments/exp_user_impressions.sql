-- What counted users were shown in the seven days from their exposure on, and clicked.
with

shown as (

    select
        experiment_id,
        user_id,
        request_id,
        item_id,
        fallback,
        exposed_at

    from {{ ref('exp_shown_items') }}

),

top_items as (

    select
        experiment_id,
        item_id

    from {{ ref('exp_top_items') }}

),

interactions as (

    select
        item_id,
        shown_request_id,
        interacted_at

    from {{ ref('exp_interactions') }}

    where is_attributed and role in ('view', 'positive')

),

clicks as (

    select
        item_id,
        shown_request_id,
        min(interacted_at) as clicked_at

    from interactions

    group by item_id, shown_request_id

),

-- Of an experiment before which the log holds nothing, nobody knows what was taken most.
ranked_experiments as (

    select distinct experiment_id from top_items

),

summed as (

    select
        shown.experiment_id,
        shown.user_id,
        count(*) as impression_count,
        count(clicks.item_id) as click_count,
        count(ranked_experiments.experiment_id) as ranked_count,
        count(top_items.item_id) as top_item_count,
        count(shown.fallback) as labelled_count,
        count(*) filter (where shown.fallback not in ('recent', 'personal')) as fallback_count

    from shown

    left join clicks
        on
            shown.request_id = clicks.shown_request_id
            and shown.item_id = clicks.item_id
            and clicks.clicked_at < shown.exposed_at + interval 7 day

    left join ranked_experiments
        on shown.experiment_id = ranked_experiments.experiment_id

    left join top_items
        on
            shown.experiment_id = top_items.experiment_id
            and shown.item_id = top_items.item_id

    group by shown.experiment_id, shown.user_id

),

final as (

    select
        experiment_id,
        user_id,
        cast(impression_count as bigint) as impression_count_7d,
        cast(click_count as bigint) as click_count_7d,
        cast(ranked_count as bigint) as ranked_count_7d,
        cast(top_item_count as bigint) as top_item_count_7d,
        cast(labelled_count as bigint) as labelled_count_7d,
        cast(fallback_count as bigint) as fallback_count_7d

    from summed

)

select * from final
