with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

),

interactions as (

    select
        user_id,
        item_id,
        role,
        weight,
        half_life_days,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

),

users as (

    select
        user_id,
        is_bot,
        cutoff_at

    from {{ ref('int_cutoff_users') }}

),

-- Strictly before the cutoff: by the time at which the row could be known, hence by event time too.
summed as (

    select
        interactions.user_id,
        interactions.item_id,
        cutoffs.cutoff_at,
        count(*) as interaction_count,
        count(*) filter (where interactions.role = 'positive') as positive_count,
        count(*) filter (
            where
            interactions.role = 'positive'
            and interactions.interacted_at >= cutoffs.cutoff_at - interval 28 day
        ) as positive_count_28d,
        count(*) filter (
            where
            interactions.role = 'positive'
            and interactions.interacted_at >= cutoffs.cutoff_at - interval 84 day
        ) as positive_count_84d,
        count(distinct case
            when interactions.role = 'positive' then cast(interactions.interacted_at as date)
        end) as positive_day_count,
        count(*) filter (where interactions.role = 'view') as view_count,
        count(*) filter (where interactions.role = 'negative') as negative_count,
        fsum(
            interactions.weight
            * pow(
                0.5,
                epoch(cutoffs.cutoff_at - interactions.interacted_at)
                / 86400.0
                / interactions.half_life_days
            )
        ) filter (where interactions.role != 'negative') as weight,
        arg_max(interactions.role, (interactions.interacted_at, interactions.role)) as last_role,
        min(interactions.interacted_at) as first_interacted_at,
        max(interactions.interacted_at) as last_interacted_at,
        min(interactions.interacted_at) filter (where interactions.role = 'positive')
            as first_positive_at,
        max(interactions.interacted_at) filter (where interactions.role = 'positive')
            as last_positive_at

    from interactions

    inner join cutoffs
        on interactions.known_at < cutoffs.cutoff_at

    group by interactions.user_id, interactions.item_id, cutoffs.cutoff_at

),

final as (

    select
        summed.user_id,
        summed.item_id,
        summed.interaction_count,
        summed.positive_count,
        summed.positive_count_28d,
        summed.positive_count_84d,
        summed.positive_day_count,
        summed.view_count,
        summed.negative_count,
        coalesce(round(summed.weight, 9), 0.0) as weight,
        -- Position from the newest: 1 is the item the user touched last.
        row_number() over (
            partition by summed.cutoff_at, summed.user_id
            order by summed.last_interacted_at desc, summed.item_id asc
        ) as history_position,
        summed.last_role = 'negative' as is_disliked,
        users.is_bot,
        summed.cutoff_at,
        summed.first_interacted_at,
        summed.last_interacted_at,
        summed.first_positive_at,
        summed.last_positive_at

    from summed

    inner join users
        on
            summed.user_id = users.user_id
            and summed.cutoff_at = users.cutoff_at

)

select * from final
