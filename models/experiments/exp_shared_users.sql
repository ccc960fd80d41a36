-- Users whose browser was used with another id that is in the experiment too: one person who
-- changed it, or several who share it. The two cannot be told apart, so both ids are set aside.
with

first_contacts as (

    select
        experiment_id,
        user_id

    from {{ ref('exp_first_contacts') }}

),

interactions as (

    select distinct
        user_id,
        anonymous_id

    from {{ ref('stg_events__interactions') }}

    where anonymous_id is not null

),

browsers as (

    select
        first_contacts.experiment_id,
        first_contacts.user_id,
        interactions.anonymous_id,
        count(*) over (
            partition by first_contacts.experiment_id, interactions.anonymous_id
        ) as user_count

    from first_contacts

    inner join interactions
        on first_contacts.user_id = interactions.user_id

),

final as (

    select
        experiment_id,
        user_id,
        cast(max(user_count) as bigint) as browser_user_count

    from browsers

    where user_count > 1

    group by experiment_id, user_id

)

select * from final
