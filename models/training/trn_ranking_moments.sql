with

cutoffs as (

    select
        role,
        cutoff_at

    from {{ ref('int_cutoffs') }}

),

known_users as (

    select
        user_id,
        interaction_count,
        is_bot,
        cutoff_at

    from {{ ref('int_cutoff_users') }}

),

active_users as (

    select distinct
        user_id,
        cutoff_at

    from {{ ref('trn_holdout') }}

),

-- At a past cutoff only users with an outcome can teach or be scored, and bots do neither; the
-- serving cutoff ranks for everybody.
moments as (

    select
        known_users.user_id,
        cutoffs.role,
        cast(known_users.interaction_count as bigint) as history_count,
        cutoffs.cutoff_at

    from known_users

    inner join cutoffs
        on known_users.cutoff_at = cutoffs.cutoff_at

    left join active_users
        on
            known_users.user_id = active_users.user_id
            and known_users.cutoff_at = active_users.cutoff_at

    where
        cutoffs.role = 'serve'
        or (active_users.user_id is not null and not known_users.is_bot)

)

select * from moments
