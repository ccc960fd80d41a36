"""Nothing at a cutoff depends on what happened, was shown or was loaded at or after it."""

from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.integration

EVENTS = "seeds/sample/events.parquet"
IMPRESSIONS = "seeds/sample/impressions.parquet"
# The sample is served at 2026-03-01 and looks 14 days ahead.
EVALUATE_AT = "2026-02-15 00:00:00"
HAPPENED = "try_cast(trim(occurred_at) as timestamptz)"
BUILD = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# Tables by the column that holds their moment, and whether they hold outcomes after it.
TABLES = {
    "intermediate.int_cutoff_users": "cutoff_at",
    "intermediate.int_user_items": "cutoff_at",
    "intermediate.int_user_histories": "cutoff_at",
    "features.ftr_user_activity": "feature_at",
    "features.ftr_user_taste": "feature_at",
    "features.ftr_item_activity": "feature_at",
    "features.ftr_user_item_activity": "feature_at",
    "features.ftr_user_category_activity": "feature_at",
    "candidates.cnd_popular_items": "cutoff_at",
    "candidates.cnd_trending_items": "cutoff_at",
    "candidates.cnd_item_neighbours": "cutoff_at",
    "training.trn_user_item_weights": "cutoff_at",
}
# Who is ranked at a past cutoff, and the outcomes, come from the window that the cutoff opens: they
# may depend on that window, and on nothing at or after its end.
LABELLED_TABLES = {
    "training.trn_holdout": "cutoff_at",
    "training.trn_ranking_moments": "cutoff_at",
    "training.trn_naming_types": "cutoff_at",
    "training.trn_attributed_interactions": "cutoff_at",
    "training.trn_shown_items": "cutoff_at",
    "training.trn_shown_pairs": "cutoff_at",
    "candidates.cnd_user_covisited": "cutoff_at",
    "candidates.cnd_user_repeats": "cutoff_at",
    "ranking.rnk_candidates": "cutoff_at",
    "ranking.rnk_signals": "cutoff_at",
    "ranking.rnk_blends": "cutoff_at",
    "ranking.rnk_frame": "cutoff_at",
}
# Of these the rows of a user, whom the window may bring in, come from before the cutoff: for users
# who are ranked in both builds they are equal at the cutoff too. What is excluded is an outcome.
RANKED_TABLES = {
    "candidates.cnd_user_covisited": "",
    "candidates.cnd_user_repeats": "",
    "ranking.rnk_candidates": "",
    "ranking.rnk_signals": "",
    "ranking.rnk_blends": "",
    "ranking.rnk_frame": "exclude (is_relevant)",
}
RANKED = f"""
    select user_id from {{build}}.training.trn_ranking_moments
    where cutoff_at = timestamp '{EVALUATE_AT}'
"""
RANKED_IN_BOTH = f"{RANKED.format(build='first')} intersect {RANKED.format(build='second')}"
AT_THE_CUTOFF = f"cutoff_at = timestamp '{EVALUATE_AT}'"

# Each change touches only rows at or after the cutoff: by the time they happened (among them the
# exact moment of the cutoff), or by the time they were loaded although they happened before.
CHANGES = {
    "events that happen at or after the cutoff": f"""
        select * from events
        where {HAPPENED} < timestamptz '{EVALUATE_AT}+00' or {HAPPENED} is null
        union all by name
        select * replace ('i0001' as item_id, 'purchase' as event_type, null as value) from events
        where {HAPPENED} >= timestamptz '{EVALUATE_AT}+00' and hash(event_id) % 3 = 0
        union all by name
        select * replace (
            event_id || '-added' as event_id,
            '{EVALUATE_AT}' as occurred_at,
            timestamp '{EVALUATE_AT}' as loaded_at,
            ' Purchase' as event_type,
            null as value
        )
        from events where hash(event_id) % 7 = 0
    """,
    "events that are loaded at or after the cutoff": f"""
        select * from events where loaded_at < timestamp '{EVALUATE_AT}'
        union all by name
        select * replace ('i0001' as item_id, 'purchase' as event_type, null as value) from events
        where loaded_at >= timestamp '{EVALUATE_AT}' and hash(event_id) % 3 = 0
        union all by name
        select * replace (
            event_id || '-late' as event_id,
            timestamp '{EVALUATE_AT}' as loaded_at,
            'purchase' as event_type,
            null as value
        )
        from events where hash(event_id) % 7 = 0
        union all by name
        -- The same delivery once more, changed and loaded late: the first copy must win.
        select * replace (
            timestamp '{EVALUATE_AT}' as loaded_at, 'u-other' as user_id, 'i0002' as item_id
        )
        from events
        where hash(event_id) % 5 = 0 and loaded_at < timestamp '{EVALUATE_AT}'
    """,
}

# The impressions that go with each change, touched at the same moments.
CHANGED_IMPRESSIONS = {
    "events that happen at or after the cutoff": f"""
        select * from impressions where shown_at < timestamp '{EVALUATE_AT}'
        union all by name
        select * replace ('i0001' as item_id, 1 as rank) from impressions
        where shown_at >= timestamp '{EVALUATE_AT}' and hash(request_id) % 3 = 0
        union all by name
        select * replace (
            request_id || '-added' as request_id, timestamp '{EVALUATE_AT}' as shown_at
        )
        from impressions where hash(request_id) % 7 = 0
    """,
    "events that are loaded at or after the cutoff": f"""
        select * from impressions
        union all by name
        select
            * replace (request_id || '-late' as request_id),
            timestamp '{EVALUATE_AT}' as loaded_at
        from impressions where hash(request_id) % 7 = 0
        union all by name
        -- The same delivery once more, corrected too late: the first copy must win.
        select
            * replace (99 as rank, 'u-other' as user_id, shown_at - interval 1 hour as shown_at),
            timestamp '{EVALUATE_AT}' as loaded_at
        from impressions
        where hash(request_id) % 5 = 0 and shown_at < timestamp '{EVALUATE_AT}'
    """,
}


def changed_log(sample_mapping: dict, change: str, folder: Path) -> dict:
    """Write the changed events and impressions beside the warehouse and map them."""
    connection = duckdb.connect()
    connection.sql("set timezone = 'UTC'")
    connection.sql(f"create view events as select * from '{EVENTS}'")
    connection.sql(f"create view impressions as select * from '{IMPRESSIONS}'")
    changed = {**sample_mapping}
    for name, queries in (("events", CHANGES), ("impressions", CHANGED_IMPRESSIONS)):
        path = folder / f"{name}.parquet"
        rows = connection.sql(queries[change])
        rows.write_parquet(str(path))
        columns = dict(sample_mapping[name]["columns"])
        if "loaded_at" in rows.columns:
            columns["loaded_at"] = "loaded_at"
        changed[name] = {**sample_mapping[name], "relation": str(path), "columns": columns}
    return changed


def both(first: Path, second: Path) -> duckdb.DuckDBPyConnection:
    """Open two warehouses as `first` and `second`."""
    connection = duckdb.connect()
    connection.sql(f"attach '{first}' as first (read_only)")
    connection.sql(f"attach '{second}' as second (read_only)")
    return connection


def differing_rows(
    builds: duckdb.DuckDBPyConnection, table: str, condition: str, excluded: str = ""
) -> int:
    """Count the rows of one warehouse that the other does not hold, both ways."""
    return builds.sql(
        f"""
        with before as (select * {excluded} from first.{table} where {condition}),
        after as (select * {excluded} from second.{table} where {condition})
        select
            (select count(*) from (from before except all from after))
            + (select count(*) from (from after except all from before))
        """
    ).fetchone()[0]


@pytest.mark.parametrize("change", CHANGES)
def test_a_cutoff_does_not_see(change, sample_by_dbt, dbt_build, sample_mapping, tmp_path):
    mapping = changed_log(sample_mapping, change, tmp_path)
    builds = both(sample_by_dbt, dbt_build(mapping, tmp_path, *BUILD))

    leaking = {}
    for table, moment in TABLES.items():
        rows = differing_rows(builds, table, f"{moment} <= '{EVALUATE_AT}'")
        leaking |= {table: rows} if rows else {}
    for table, moment in LABELLED_TABLES.items():
        rows = differing_rows(builds, table, f"{moment} < '{EVALUATE_AT}'")
        leaking |= {table: rows} if rows else {}
    for table, outcome in RANKED_TABLES.items():
        condition = f"{AT_THE_CUTOFF} and user_id in ({RANKED_IN_BOTH})"
        assert builds.sql(f"select count(*) from first.{table} where {condition}").fetchone()[0]
        rows = differing_rows(builds, table, condition, outcome)
        leaking |= {f"{table} of the users of both": rows} if rows else {}
    assert leaking == {}

    # The change is real: every one of these tables differs at the moment that may see it.
    unchanged = [
        table
        for table, moment in {**TABLES, **LABELLED_TABLES}.items()
        if not differing_rows(builds, table, f"{moment} >= '{EVALUATE_AT}'")
    ]
    assert unchanged == []
