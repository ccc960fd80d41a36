-- The experiments of this log as they are written, in the seed or in a mapped table, with what each
-- text says; null where it says nothing that can be read.
{% set number = '([0-9]+[.]?[0-9]*|[.][0-9]+)' %}

with

seeded as (

    select
        experiment_id,
        layer,
        layer_from,
        layer_until,
        salt,
        variants,
        starts_at as starts_text,
        ends_at as ends_text,
        unit,
        primary_metric,
        guardrails,
        holdout,
        note,
        'seeds/experiments.csv' as written_in,
        {{ utc_timestamp('starts_at') }} as starts_at,
        {{ utc_timestamp('ends_at') }} as ends_at

    from {{ ref('experiments') }}

    where trim(mapping) = '{{ var("mapping")["name"] }}'

),

planned as (

    select * from {{ ref('stg_experiments__planned') }}

),

lines as (

    select * from seeded

    union all

    select * from planned

),

renamed as (

    select
        nullif(trim(experiment_id), '') as experiment_id,
        nullif(trim(layer), '') as layer,
        coalesce(nullif(trim(layer_from), ''), '0') as layer_from_text,
        coalesce(nullif(trim(layer_until), ''), '1') as layer_until_text,
        nullif(trim(salt), '') as salt,
        string_split_regex(trim(variants), '\s+') as variant_parts,
        nullif(trim(variants), '') as variants,
        nullif(trim(starts_text), '') as starts_text,
        nullif(trim(ends_text), '') as ends_text,
        coalesce(nullif(lower(trim(unit)), ''), 'user') as unit,
        lower(trim(primary_metric)) as primary_metric,
        coalesce(nullif(lower(trim(guardrails)), ''), '') as guardrails,
        coalesce(nullif(trim(holdout), ''), '0') as holdout_text,
        nullif(trim(note), '') as note,
        max(written_in) as written_in,
        starts_at,
        ends_at

    from lines

    group by all

),

parsed as (

    select
        *,
        list_transform(variant_parts, part -> split_part(part, ':', 1)) as variant_names,
        list_transform(
            variant_parts, part -> try_cast(split_part(part, ':', 2) as double)
        ) as variant_shares,
        list_filter(
            variant_parts,
            part -> not regexp_full_match(part, '[a-z0-9_]+:{{ number }}:[A-Za-z0-9_.-]+')
        ) as unreadable_variants,
        list_filter(
            string_split_regex(guardrails, '\s+'),
            part -> part != '' and not regexp_full_match(part, '[a-z0-9_]+:{{ number }}')
        ) as unreadable_guardrails

    from renamed

),

final as (

    select
        cast(
            row_number() over (
                order by experiment_id, starts_text, ends_text, salt, variants, layer, note
            ) as bigint
        ) as line_number,
        experiment_id,
        layer,
        salt,
        variants,
        unit,
        primary_metric,
        guardrails,
        note,
        written_in,
        cast(len(variant_names) as bigint) as variant_count,
        cast(list_min(variant_shares) as double) as least_share,
        cast(list_sum(variant_shares) as double) as share_sum,
        try_cast(layer_from_text as double) as layer_from,
        try_cast(layer_until_text as double) as layer_until,
        try_cast(holdout_text as double) as holdout,
        len(unreadable_variants) > 0 as has_unreadable_variant,
        len(list_distinct(variant_names)) < len(variant_names) as has_repeated_variant,
        len(unreadable_guardrails) > 0 as has_unreadable_guardrail,
        cast(starts_at as timestamp) as starts_at,
        cast(ends_at as timestamp) as ends_at

    from parsed

)

select * from final
