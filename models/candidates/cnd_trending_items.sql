with

cutoffs as (

    select cutoff_at from {{ ref('int_cutoffs') }}

),

interactions as (

    select
        user_id,
        item_id,
        interacted_at,
        known_at

    from {{ ref('int_interactions') }}

    where role != 'negative'

),

users as (

    select
        user_id,
        is_bot,
        cutoff_at

    from {{ ref('int_cutoff_users') }}

),

counted as (

    select
        interactions.item_id,
        cutoffs.cutoff_at,
        count(distinct case
            when interactions.interacted_at >= cutoffs.cutoff_at - interval 7 day
                then interactions.user_id
        end) as user_count_7d,
        count(distinct case
            when interactions.interacted_at < cutoffs.cutoff_at - interval 7 day
                then interactions.user_id
        end) as user_count_before

    from interactions

    inner join cutoffs
        on
            interactions.known_at < cutoffs.cutoff_at
            and interactions.interacted_at >= cutoffs.cutoff_at - interval 35 day

    inner join users
        on
            interactions.user_id = users.user_id
            and cutoffs.cutoff_at = users.cutoff_at

    where not users.is_bot

    group by interactions.item_id, cutoffs.cutoff_at

),

-- Users of the last week against a week of the four before; the pseudo-count keeps an item with
-- two users from heading the list.
scored as (

    select
        item_id,
        user_count_7d,
        cutoff_at,
        round(
            (user_count_7d + {{ var('trending_pseudo_users') }})
            / (user_count_before / 4.0 + {{ var('trending_pseudo_users') }}),
            9
        ) as candidate_score

    from counted

    where user_count_7d > 0

),

ranked as (

    select
        *,
        row_number() over (
            partition by cutoff_at
            order by candidate_score desc, user_count_7d desc, item_id asc
        ) as trending_rank

    from scored

    qualify trending_rank <= {{ var('popular_per_segment') }}

),

final as (

    select
        item_id,
        cast(trending_rank as integer) as trending_rank,
        cast(user_count_7d as bigint) as user_count_7d,
        cast(candidate_score as double) as candidate_score,
        cutoff_at

    from ranked

)

select * from final
