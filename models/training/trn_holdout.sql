with

cutoffs as (

    select
        role,
        cutoff_at,
        label_until

    from {{ ref('int_cutoffs') }}

    where role != 'serve'

),

interactions as (

    select
        user_id,
        item_id,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

    where role = 'positive'

),

history as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('int_user_items') }}

),

-- The outcome must be known before the window ends: what is loaded later is no label.
outcomes as (

    select
        interactions.user_id,
        interactions.item_id,
        cutoffs.role,
        count(*) as positive_count,
        cutoffs.cutoff_at,
        min(interactions.interacted_at) as first_positive_at

    from interactions

    inner join cutoffs
        on
            interactions.interacted_at >= cutoffs.cutoff_at
            and interactions.interacted_at < cutoffs.label_until
            and interactions.known_at < cutoffs.label_until

    group by
        interactions.user_id,
        interactions.item_id,
        cutoffs.role,
        cutoffs.cutoff_at

),

final as (

    select
        outcomes.user_id,
        outcomes.item_id,
        outcomes.role,
        cast(outcomes.positive_count as bigint) as positive_count,
        history.item_id is null as is_new,
        outcomes.cutoff_at,
        outcomes.first_positive_at

    from outcomes

    left join history
        on
            outcomes.user_id = history.user_id
            and outcomes.item_id = history.item_id
            and outcomes.cutoff_at = history.cutoff_at

)

select * from final
