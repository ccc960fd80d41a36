-- Candidates with every feature as it was known at their cutoff: the ranker's input. The training
-- moments get theirs through Feast, and a test holds the two joins equal.
with

candidates as (

    select
        user_id,
        item_id,
        source,
        evidence_item_id,
        als_rank,
        als_position,
        covisited_rank,
        repeat_rank,
        popular_rank,
        covisited_evidence_count,
        covisited_support,
        als_score,
        als_advantage,
        covisited_score,
        covisited_ratio,
        covisited_score_per_evidence,
        covisited_best_contribution,
        repeat_score,
        popular_score,
        is_seen,
        cutoff_at

    from {{ ref('rnk_signals') }}

),

blends as (

    select
        user_id,
        item_id,
        blend_score,
        cutoff_at

    from {{ ref('rnk_blends') }}

),

cutoffs as (

    select
        role,
        cutoff_at

    from {{ ref('int_cutoffs') }}

),

items as (

    select
        item_id,
        category

    from {{ ref('stg_catalog__items') }}

),

outcomes as (

    select
        user_id,
        item_id,
        cutoff_at

    from {{ ref('trn_holdout') }}

),

user_activity as (

    select
        user_id,
        interaction_count,
        interaction_count_7d,
        interaction_count_28d,
        positive_count,
        positive_count_28d,
        positive_count_84d,
        item_count,
        item_count_28d,
        session_count,
        session_count_28d,
        session_count_84d,
        active_day_count,
        days_since_last,
        days_since_first,
        days_between_sessions,
        interactions_per_item,
        value_log_mean,
        feature_at

    from {{ ref('ftr_user_activity') }}

),

user_taste as (

    select
        user_id,
        item_user_count_log_mean,
        item_days_since_first_mean,
        item_value_log_mean,
        repeat_item_share,
        new_item_share_28d,
        feature_at

    from {{ ref('ftr_user_taste') }}

),

item_activity as (

    select
        item_id,
        user_count,
        user_count_7d,
        user_count_28d,
        new_user_count_28d,
        positive_count,
        positive_count_7d,
        positive_count_28d,
        positive_count_84d,
        negative_count,
        positive_weight_2d,
        positive_weight_7d,
        days_since_last,
        days_since_first,
        repeat_user_share,
        value_log_mean,
        feature_at

    from {{ ref('ftr_item_activity') }}

),

user_item_activity as (

    select
        user_id,
        item_id,
        interaction_count,
        positive_count,
        positive_count_28d,
        positive_count_84d,
        positive_day_count,
        view_count,
        history_position,
        weight,
        days_since_last,
        days_since_first,
        days_between_positives,
        feature_at

    from {{ ref('ftr_user_item_activity') }}

),

user_category_activity as (

    select
        user_id,
        category,
        item_count,
        positive_count,
        days_since_last,
        weight_share,
        feature_at

    from {{ ref('ftr_user_category_activity') }}

),

joined as (

    select
        candidates.*,
        blends.blend_score,
        cutoffs.role,
        items.category,
        user_activity.interaction_count as user_activity__interaction_count,
        user_activity.interaction_count_7d as user_activity__interaction_count_7d,
        user_activity.interaction_count_28d as user_activity__interaction_count_28d,
        user_activity.positive_count as user_activity__positive_count,
        user_activity.positive_count_28d as user_activity__positive_count_28d,
        user_activity.positive_count_84d as user_activity__positive_count_84d,
        user_activity.item_count as user_activity__item_count,
        user_activity.item_count_28d as user_activity__item_count_28d,
        user_activity.session_count as user_activity__session_count,
        user_activity.session_count_28d as user_activity__session_count_28d,
        user_activity.session_count_84d as user_activity__session_count_84d,
        user_activity.active_day_count as user_activity__active_day_count,
        user_activity.days_since_last as user_activity__days_since_last,
        user_activity.days_since_first as user_activity__days_since_first,
        user_activity.days_between_sessions as user_activity__days_between_sessions,
        user_activity.interactions_per_item as user_activity__interactions_per_item,
        user_activity.value_log_mean as user_activity__value_log_mean,
        user_taste.item_user_count_log_mean as user_taste__item_user_count_log_mean,
        user_taste.item_days_since_first_mean as user_taste__item_days_since_first_mean,
        user_taste.item_value_log_mean as user_taste__item_value_log_mean,
        user_taste.repeat_item_share as user_taste__repeat_item_share,
        user_taste.new_item_share_28d as user_taste__new_item_share_28d,
        item_activity.user_count as item_activity__user_count,
        item_activity.user_count_7d as item_activity__user_count_7d,
        item_activity.user_count_28d as item_activity__user_count_28d,
        item_activity.new_user_count_28d as item_activity__new_user_count_28d,
        item_activity.positive_count as item_activity__positive_count,
        item_activity.positive_count_7d as item_activity__positive_count_7d,
        item_activity.positive_count_28d as item_activity__positive_count_28d,
        item_activity.positive_count_84d as item_activity__positive_count_84d,
        item_activity.negative_count as item_activity__negative_count,
        item_activity.positive_weight_2d as item_activity__positive_weight_2d,
        item_activity.positive_weight_7d as item_activity__positive_weight_7d,
        item_activity.days_since_last as item_activity__days_since_last,
        item_activity.days_since_first as item_activity__days_since_first,
        item_activity.repeat_user_share as item_activity__repeat_user_share,
        item_activity.value_log_mean as item_activity__value_log_mean,
        user_item_activity.interaction_count as user_item_activity__interaction_count,
        user_item_activity.positive_count as user_item_activity__positive_count,
        user_item_activity.positive_count_28d as user_item_activity__positive_count_28d,
        user_item_activity.positive_count_84d as user_item_activity__positive_count_84d,
        user_item_activity.positive_day_count as user_item_activity__positive_day_count,
        user_item_activity.view_count as user_item_activity__view_count,
        user_item_activity.history_position as user_item_activity__history_position,
        user_item_activity.weight as user_item_activity__weight,
        user_item_activity.days_since_last as user_item_activity__days_since_last,
        user_item_activity.days_since_first as user_item_activity__days_since_first,
        user_item_activity.days_between_positives as user_item_activity__days_between_positives,
        user_category_activity.item_count as user_category_activity__item_count,
        user_category_activity.positive_count as user_category_activity__positive_count,
        user_category_activity.days_since_last as user_category_activity__days_since_last,
        user_category_activity.weight_share as user_category_activity__weight_share,
        case
            when cutoffs.role = 'serve' then null
            else outcomes.item_id is not null
        end as is_relevant

    from candidates

    inner join cutoffs
        on candidates.cutoff_at = cutoffs.cutoff_at

    left join blends
        on
            candidates.cutoff_at = blends.cutoff_at
            and candidates.user_id = blends.user_id
            and candidates.item_id = blends.item_id

    left join items
        on candidates.item_id = items.item_id

    left join user_activity
        on
            candidates.cutoff_at = user_activity.feature_at
            and candidates.user_id = user_activity.user_id

    left join user_taste
        on
            candidates.cutoff_at = user_taste.feature_at
            and candidates.user_id = user_taste.user_id

    left join item_activity
        on
            candidates.cutoff_at = item_activity.feature_at
            and candidates.item_id = item_activity.item_id

    left join user_item_activity
        on
            candidates.cutoff_at = user_item_activity.feature_at
            and candidates.user_id = user_item_activity.user_id
            and candidates.item_id = user_item_activity.item_id

    left join user_category_activity
        on
            candidates.cutoff_at = user_category_activity.feature_at
            and candidates.user_id = user_category_activity.user_id
            and items.category = user_category_activity.category

    left join outcomes
        on
            candidates.user_id = outcomes.user_id
            and candidates.item_id = outcomes.item_id
            and candidates.cutoff_at = outcomes.cutoff_at

),

-- Comparisons across the views, which no view can hold.
compared as (

    select
        *,
        -- Above 1 a repeat is overdue.
        cast(
            user_item_activity__days_since_last
            / nullif(user_item_activity__days_between_positives, 0) as double
        ) as pair__due_ratio,
        -- Days that the user went on without the item.
        cast(
            user_item_activity__days_since_last - user_activity__days_since_last as double
        ) as pair__days_missed,
        cast(
            user_item_activity__positive_day_count / nullif(user_activity__session_count, 0)
            as double
        ) as pair__session_share,
        cast(
            (item_activity__positive_count_7d + 1)
            / (item_activity__positive_count_28d / 4.0 + 1) as double
        ) as item__trend_7d,
        cast(
            (item_activity__positive_count_28d + 1)
            / (item_activity__positive_count_84d / 3.0 + 1) as double
        ) as item__trend_28d,
        -- Above 0 the item is more popular than what the user is used to.
        cast(
            ln(1 + item_activity__user_count) - user_taste__item_user_count_log_mean as double
        ) as pair__popularity_difference,
        cast(
            item_activity__value_log_mean - user_taste__item_value_log_mean as double
        ) as pair__value_difference

    from joined

)

select * from compared
