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

-- A pair counts more when it met few steps and little time apart, recently, and in a short history.
met as (

    select
        earlier.item_id as earlier_item_id,
        later.item_id as later_item_id,
        earlier.item_id < later.item_id as is_ascending,
        earlier.cutoff_at,
        pow(
            0.5,
            abs(earlier.age_days - later.age_days)
            / {{ var('covisitation_gap_half_life_days') }}
        )
        * pow(
            0.5,
            least(earlier.age_days, later.age_days)
            / {{ var('covisitation_age_half_life_days') }}
        )
        / pow(
            greatest(abs(earlier.history_step - later.history_step), 1),
            {{ var('covisitation_distance_power') }}
        )
        / pow(ln(2 + earlier.history_length), {{ var('covisitation_length_power') }})
            as forward_weight,
        case
            when earlier.last_interacted_at < later.last_interacted_at
                then {{ var('covisitation_backward_weight') }}
            else 1.0
        end as backward_factor

    from histories as earlier

    inner join histories as later
        on
            earlier.user_id = later.user_id
            and earlier.cutoff_at = later.cutoff_at
            and earlier.history_position > later.history_position
            and earlier.history_position - later.history_position
            <= {{ var('covisitation_window') }}

),

-- Two items are added up once, in the order of their names: half as much to hold as both ways.
summed as (

    select
        case when is_ascending then earlier_item_id else later_item_id end as first_item_id,
        case when is_ascending then later_item_id else earlier_item_id end as second_item_id,
        cutoff_at,
        count(*) as support,
        fsum(forward_weight * case when is_ascending then 1.0 else backward_factor end)
            as ascending_weight,
        fsum(forward_weight * case when is_ascending then backward_factor else 1.0 end)
            as descending_weight

    from met

    group by all

    having count(*) >= {{ var('covisitation_minimum_support') }}

),

directions as (

    select unnest([true, false]) as is_ascending

),

-- What came after an item says more of it than what came before.
pairs as (

    select
        summed.support,
        summed.cutoff_at,
        case when directions.is_ascending then summed.first_item_id else summed.second_item_id end
            as item_id,
        case when directions.is_ascending then summed.second_item_id else summed.first_item_id end
            as neighbour_item_id,
        case
            when directions.is_ascending then summed.ascending_weight
            else summed.descending_weight
        end as pair_weight

    from summed

    cross join directions

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
