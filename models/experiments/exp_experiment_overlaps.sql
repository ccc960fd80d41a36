-- Lines that get in the way of another line.
with

lines as (

    select
        line_number,
        experiment_id,
        layer,
        salt,
        layer_from,
        layer_until,
        is_changing_lists,
        starts_at,
        ends_at

    from {{ ref('exp_experiment_lines') }}

    where reject_reason is null

),

-- Two lines of one id: a restart or new shares, whose users would be mixed. One salt twice: the
-- users of one would be split by the other. Two experiments of one layer at one time on the same
-- buckets: they would not exclude each other. Two that change lists in two layers: a user of both
-- could get one of the lists only, and would be counted in both.
final as (

    select
        lines.line_number,
        case
            when bool_or(lines.experiment_id = other_lines.experiment_id) then 'repeated_id'
            when bool_or(lines.salt = other_lines.salt) then 'repeated_salt'
            when bool_or(lines.layer = other_lines.layer) then 'overlaps_in_its_layer'
            else 'changes_the_lists_of_another'
        end as reject_reason

    from lines

    inner join lines as other_lines
        on
            lines.line_number != other_lines.line_number
            and (
                lines.experiment_id = other_lines.experiment_id
                or lines.salt = other_lines.salt
                or (
                    lines.starts_at < other_lines.ends_at
                    and other_lines.starts_at < lines.ends_at
                    and case
                        when lines.layer = other_lines.layer
                            then
                                lines.layer_from < other_lines.layer_until
                                and other_lines.layer_from < lines.layer_until
                        else lines.is_changing_lists and other_lines.is_changing_lists
                    end
                )
            )

    group by lines.line_number

)

select * from final
