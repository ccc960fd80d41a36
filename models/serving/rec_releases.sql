with

changes as (

    select
        change_number,
        release_id,
        action,
        changed_by,
        reason,
        failed_gates,
        live_release_id,
        canary_release_id,
        shadow_release_id,
        previous_release_id,
        canary_percent,
        is_forced,
        changed_at

    from {{ source('ml', 'release_changes') }}

),

-- What the aliases point to now stands in the last row, whichever release it is about.
aliases as (

    select
        live_release_id,
        canary_release_id,
        shadow_release_id,
        previous_release_id,
        canary_percent

    from changes

    qualify row_number() over (order by change_number desc) = 1

),

-- A release was written before anything was done to it, even if that is noted later.
last_changes as (

    select
        release_id,
        action,
        changed_by,
        reason,
        failed_gates

    from changes

    qualify row_number() over (
        partition by release_id
        order by action = 'build', change_number desc
    ) = 1

),

releases as (

    select
        release_id,
        min(changed_at) filter (where action = 'build') as built_at,
        max(changed_at) filter (where action = 'promote') as promoted_at,
        arg_max(changed_by, change_number) filter (where action = 'promote') as promoted_by,
        arg_max(is_forced, change_number) filter (where action = 'promote') as is_forced,
        count(*) filter (where action = 'blocked') as blocked_count,
        max(changed_at) as last_changed_at

    from changes

    group by release_id

),

final as (

    select
        releases.release_id,
        releases.promoted_by,
        last_changes.action as last_action,
        last_changes.changed_by as last_changed_by,
        last_changes.reason as last_reason,
        last_changes.failed_gates as last_failed_gates,
        cast(releases.blocked_count as bigint) as blocked_count,
        case
            when releases.release_id = aliases.canary_release_id
                then cast(aliases.canary_percent as double)
        end as canary_percent,
        coalesce(releases.release_id = aliases.live_release_id, false) as is_live,
        coalesce(releases.release_id = aliases.canary_release_id, false) as is_canary,
        coalesce(releases.release_id = aliases.shadow_release_id, false) as is_shadow,
        coalesce(releases.release_id = aliases.previous_release_id, false) as is_previous,
        coalesce(releases.is_forced, false) as is_forced,
        releases.built_at,
        releases.promoted_at,
        releases.last_changed_at

    from releases

    inner join last_changes on releases.release_id = last_changes.release_id

    cross join aliases

)

select * from final
