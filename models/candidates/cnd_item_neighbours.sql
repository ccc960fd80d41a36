with

histories as (

    select
        user_id,
        item_id,
        history_position,
        history_step,
        history_length,
        age_days,
        cutoff_at,
        last_interacted_at

    from {{ ref('int_user_histories') }}

    where not is_bot

),

-- A pair counts more when the neighbour came after, few steps and soon after, recently, and in a
-- short history.
pairs as (

    select
        histories.item_id,
        neighbours.item_id as neighbour_item_id,
        histories.cutoff_at,
        count(*) as support,
        fsum(
            case
                when neighbours.last_interacted_at < histories.last_interacted_at
                    then {{ var('covisitation_backward_weight') }}
                else 1.0
            end
            * pow(
                0.5,
                abs(histories.age_days - neighbours.age_days)
                / {{ var('covisitation_gap_half_life_days') }}
            )
            * pow(
                0.5,
                least(histories.age_days, neighbours.age_days)
                / {{ var('covisitation_age_half_life_days') }}
            )
            / pow(
                greatest(abs(histories.history_step - neighbours.history_step), 1),
                {{ var('covisitation_distance_power') }}
            )
            / pow(ln(2 + histories.history_length), {{ var('covisitation_length_power') }})
        ) as pair_weight

    from histories

    inner join histories as neighbours
        on
            histories.user_id = neighbours.user_id
            and histories.cutoff_at = neighbours.cutoff_at
            and histories.item_id != neighbours.item_id
            and abs(histories.history_position - neighbours.history_position)
            <= {{ var('covisitation_window') }}

    group by histories.item_id, neighbours.item_id, histories.cutoff_at

    having count(*) >= {{ var('covisitation_minimum_support') }}

),

item_weights as (

    select
        item_id,
        cutoff_at,
        fsum(
            pow(0.5, age_days / {{ var('covisitation_age_half_life_days') }})
            / pow(ln(2 + history_length), {{ var('covisitation_length_power') }})
        ) as item_weight

    from histories

    group by item_id, cutoff_at

),

-- Kept as it is: both weights in one join, and the planner may pair all items of a cutoff first.
scaled as materialized (

    select
        pairs.item_id,
        pairs.neighbour_item_id,
        pairs.support,
        pairs.cutoff_at,
        pairs.pair_weight
        / pow(item_weights.item_weight, {{ var('covisitation_item_power') }}) as pair_weight

    from pairs

    inner join item_weights
        on
            pairs.item_id = item_weights.item_id
            and pairs.cutoff_at = item_weights.cutoff_at

),

-- Normalised by the popularity of both sides, else everything neighbours the best seller.
scored as (

    select
        scaled.item_id,
        scaled.neighbour_item_id,
        scaled.support,
        scaled.cutoff_at,
        round(
            scaled.pair_weight
            / pow(neighbour_weights.item_weight, {{ var('covisitation_neighbour_power') }}),
            9
        ) as candidate_score

    from scaled

    inner join item_weights as neighbour_weights
        on
            scaled.neighbour_item_id = neighbour_weights.item_id
            and scaled.cutoff_at = neighbour_weights.cutoff_at

),

ranked as (

    select
        *,
        row_number() over (
            partition by cutoff_at, item_id
            order by candidate_score desc, neighbour_item_id asc
        ) as neighbour_rank

    from scored

    qualify neighbour_rank <= {{ var('neighbours_per_item') }}

),

final as (

    select
        item_id,
        neighbour_item_id,
        cast(neighbour_rank as integer) as neighbour_rank,
        cast(support as bigint) as support,
        cast(candidate_score as double) as candidate_score,
        cutoff_at

    from ranked

)

select * from final
