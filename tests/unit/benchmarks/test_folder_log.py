from pathlib import Path

import duckdb
import pytest

from benchmarks.quality.fixed_split import SplitError
from benchmarks.quality.folder_log import plant_log
from orchestration.mapping import check_mapping, load_mapping
from orchestration.settings import PROJECT_ROOT

# A hundred days; the fifth event of each ten is a bookmark at the time of the view before it.
EVENTS = """
    select
        'u' || (n % 10) as user_id,
        n // 10 as item_id,
        case when n % 5 = 4 then 'Bookmark' else 'view' end as event_type,
        timestamp '2024-01-01' + interval 1 day * (n // 5) as event_ts,
        1.0 as value,
        'x' as further
    from range(500) as numbers(n)
"""


def write(folder: Path, events: str = EVENTS, **others: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, query in {"events": events, **others}.items():
        duckdb.sql(query).write_parquet(str(folder / f"{name}.parquet"))
    return folder


def planted(folder, home, horizon_days=None, *, repeats=False):
    """Return the mapping that was made, after it was checked as a run would, and what was said."""
    log = plant_log(folder, home, horizon_days, repeats=repeats)
    mapping = load_mapping(log.settings.mapping, PROJECT_ROOT)
    with duckdb.connect() as connection:
        report = check_mapping(mapping, connection, PROJECT_ROOT)
    return mapping, report, log.assumptions


def test_unknown_types_are_all_successes_and_it_is_said(tmp_path):
    folder = write(tmp_path / "journal")
    mapping, report, said = planted(folder, tmp_path / "home")
    assert report.event_types == {"interaction": 500}
    assert report.warnings == ()
    assert (mapping.horizon_days, mapping.repeats) == (12, False)
    assert "view 400, bookmark 100" in said
    assert "every event is a success" in said
    assert "the last 12 days (--horizon)" in said


def test_rows_that_differ_in_their_type_alone_stay_two(tmp_path):
    folder = write(
        tmp_path / "twice",
        """
        select 'u' as user_id, 'i' as item_id, event_type, event_ts
        from (values ('view'), ('like')) as types(event_type),
        (values (timestamp '2024-01-01'), (timestamp '2024-01-20')) as times(event_ts)
        """,
    )
    mapping, _, _ = planted(folder, tmp_path / "home")
    copy = duckdb.read_parquet(mapping.events.relation)
    assert copy.aggregate("count(*), count(distinct event_id)").fetchall() == [(4, 4)]


def test_rows_whose_ids_hold_odd_characters_stay_two(tmp_path):
    folder = write(
        tmp_path / "bars",
        """
        select user_id, item_id, 'view' as event_type, event_ts
        from (values ('a|b', 'c'), ('a', 'b|c')) as pairs(user_id, item_id),
        (values (timestamp '2024-01-01'), (timestamp '2024-01-20')) as times(event_ts)
        """,
    )
    mapping, _, _ = planted(folder, tmp_path / "home")
    copy = duckdb.read_parquet(mapping.events.relation)
    assert copy.aggregate("count(distinct event_id)").fetchall() == [(4,)]


def test_types_that_the_seed_knows_keep_their_meaning(tmp_path):
    folder = write(tmp_path / "deskdrop")
    mapping, report, said = planted(folder, tmp_path / "home", 14, repeats=True)
    assert mapping.name == "deskdrop"
    assert report.event_types == {"view": 400, "bookmark": 100}
    assert (mapping.horizon_days, mapping.repeats) == (14, True)
    assert "seeds/event_types.csv" in said


def test_catalogue_and_users_are_mapped_as_far_as_their_columns_are_known(tmp_path):
    folder = write(
        tmp_path / "journal",
        items="select '1' as item_id, 'One' as title, 'x' as colour",
        users="select 'u1' as user_id, 'f' as sex, timestamp '2023-01-01' as signed_up_at",
    )
    mapping, report, _ = planted(folder, tmp_path / "home")
    assert report.row_counts == {"events": 500, "items": 1, "users": 1}
    assert mapping.items.columns.mapped() == {"item_id": "item_id", "title": "title"}
    assert mapping.users.columns.mapped() == {"user_id": "user_id", "signed_up_at": "signed_up_at"}
    assert mapping.users.attributes == ()


@pytest.mark.parametrize(
    ("events", "horizon", "message"),
    [
        ("select 1 as user_id, 2 as item_id", None, "lacks the columns event_type, event_ts or"),
        (EVENTS.replace("(n // 5)", "0"), None, r"spans 1 day\(s\), 2024-01-01 to 2024-01-01"),
        (EVENTS, 100, "no past is left to judge the last 100 by"),
        (
            EVENTS.replace("timestamp '2024-01-01'", "null::timestamp"),
            None,
            "can be read as a time",
        ),
        (EVENTS + " where false", None, "can be read as a time"),
    ],
)
def test_a_folder_without_a_past_to_judge_is_refused(tmp_path, events, horizon, message):
    with pytest.raises(SplitError, match=message):
        plant_log(write(tmp_path / "bad", events), tmp_path / "home", horizon, repeats=False)
