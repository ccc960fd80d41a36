"""Small, odd and broken logs: each builds, or fails clearly and leaves what was there."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

pytestmark = pytest.mark.integration

BUILD = ("build", "--exclude-resource-type", "unit_test")
COLUMNS = ["user_id", "item_id", "event_type", "occurred_at", "value"]
AS_OF = "2026-03-01 00:00:00"


def mapping_of(relation: Path | str, **items: object) -> dict:
    """Map a log whose columns already have topshelf's names; its types are the sample's."""
    return {
        "name": "sample",
        "events": {
            "relation": str(relation),
            "columns": {column: column for column in COLUMNS},
        },
        "as_of": AS_OF,
        "horizon_days": 14,
        **items,
    }


def write_events(folder: Path, *rows: tuple) -> Path:
    """Write events as Parquet; a short row has no value."""
    path = folder / "events.parquet"
    filled = [(*row, None) if len(row) == len(COLUMNS) - 1 else row for row in rows]
    pd.DataFrame(filled, columns=COLUMNS).astype("string").to_parquet(path)
    return path


def query(warehouse: Path, sql: str, *values: object) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql, list(values)).fetchall()


def recommended(warehouse: Path, user_id: str) -> list[str]:
    rows = query(warehouse, "select item_id from recommend(?) order by recommended_rank", user_id)
    return [item_id for (item_id,) in rows]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("log")


@pytest.fixture
def folder(shelf: Path) -> Path:
    """Return an empty folder, always the same: dbt need not parse a mapping twice."""
    shutil.rmtree(shelf)
    shelf.mkdir()
    return shelf


@pytest.fixture
def build(dbt_build: Callable[..., Path], folder: Path) -> Callable[..., Path]:
    """Build a warehouse from literal events."""

    def from_rows(*rows: tuple, **mapping: object) -> Path:
        return dbt_build(mapping_of(write_events(folder, *rows), **mapping), folder, *BUILD)

    return from_rows


def test_no_events_and_no_catalogue_give_empty_lists(build):
    warehouse = build()
    assert query(warehouse, "from serving.rec_user_top_items") == []
    assert recommended(warehouse, "anyone") == []


def test_without_events_the_catalogue_is_the_list(build, tmp_path):
    items = pd.DataFrame({"item_id": ["i1", "i2", "i3"], "available": [True, True, False]})
    items.to_parquet(tmp_path / "items.parquet")
    columns = {"item_id": "item_id", "available": "available"}
    warehouse = build(items={"relation": str(tmp_path / "items.parquet"), "columns": columns})
    assert recommended(warehouse, "anyone") == ["i1", "i2"]


def test_one_event_of_one_user(build):
    warehouse = build(("u1", "i1", "purchase", "2026-02-20 10:00:00"))
    assert query(warehouse, "from serving.rec_user_top_items where user_id = 'u1'") == []
    # There is nothing else to show: the lookup repeats what was seen rather than nothing.
    assert recommended(warehouse, "u1") == ["i1"]
    assert recommended(warehouse, "stranger") == ["i1"]
    assert query(warehouse, "from similar_items('i1')") == []


def test_a_user_who_has_seen_everything(build):
    seen = [("all", f"i{number}", "purchase", "2026-02-20 10:00:00") for number in range(4)]
    warehouse = build(*seen, ("other", "i0", "purchase", "2026-02-21 10:00:00"))
    assert query(warehouse, "from serving.rec_user_top_items where user_id = 'all'") == []
    assert sorted(recommended(warehouse, "all")) == ["i0", "i1", "i2", "i3"]
    assert sorted(recommended(warehouse, "other")) == ["i1", "i2", "i3"]


def test_events_that_are_all_equal_in_time_give_the_same_lists_in_any_row_order(build):
    rows = [
        (f"u{user}", f"i{item}", "purchase", "2026-01-10 10:00:00")
        for user in range(12)
        for item in range(8)
        if (user * 5 + item * 3) % 7 < 3
    ]
    lists = []
    for ordered in (rows, rows[::-1]):
        warehouse = build(*ordered)
        lists.append(query(warehouse, "from serving.rec_user_top_items order by all"))
        warehouse.unlink()
    assert lists[0] == lists[1] != []


ODD_IDS = [
    "o'brien",
    'the "quoted"',
    "with space",
    "naïve-Ω-用户-🙂",
    "007",
    "7",
    "x" * 2000,
    "9223372036854775807",
    "null",
    "semi;colon -- drop table",
    "back\\slash\tand tab",
    "{{ jinja }}",
]


def test_ids_of_any_shape_stay_as_they_are(build):
    warehouse = build(
        *(
            (user, item, "purchase", f"2026-02-{day:02} 10:00:00")
            for user in ODD_IDS
            for day, item in enumerate(ODD_IDS, start=1)
            if user != item
        )
    )
    users = query(warehouse, "select distinct user_id from staging.stg_events__interactions")
    assert sorted(user for (user,) in users) == sorted(ODD_IDS)
    for user in ODD_IDS:
        # Each has seen every item but the one with its own name.
        assert recommended(warehouse, user) == [user]
    for item in ODD_IDS:
        neighbours = query(warehouse, "from similar_items(?)", item)
        assert len(neighbours) == len(ODD_IDS) - 1


def test_ids_of_64_bits_and_values_that_are_missing(dbt_build, folder):
    frame = pd.DataFrame(
        {
            "user_id": pd.array([2**63 - 1, -5, 2**63 - 1], dtype="int64"),
            "item_id": pd.array([2**53 + 1, 2**53 + 1, 1], dtype="int64"),
            "event_type": ["purchase"] * 3,
            "occurred_at": pd.to_datetime(["2026-02-01", "2026-02-02", "2026-02-03"]),
            "value": [float("nan"), None, float("inf")],
        }
    )
    frame.to_parquet(folder / "events.parquet")
    warehouse = dbt_build(mapping_of(folder / "events.parquet"), folder, *BUILD)
    accepted = query(
        warehouse,
        "select user_id, item_id, value from staging.stg_events__interactions order by all",
    )
    assert accepted == [
        ("-5", "9007199254740993", None),
        ("9223372036854775807", "9007199254740993", None),
    ]
    rejected = query(warehouse, "select item_id, reject_reason from staging.stg_events__rejected")
    assert rejected == [("1", "impossible_value")]


def test_events_in_the_future_are_set_aside(build):
    warehouse = build(
        ("u1", "i1", "purchase", "2026-03-01 00:00:00"),
        ("u1", "i2", "purchase", "2031-01-01 00:00:00"),
    )
    rejected = query(warehouse, "select reject_reason from staging.stg_events__rejected")
    assert rejected == [("future_time",)] * 2
    assert recommended(warehouse, "u1") == []


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_log_in_several_files_is_one_log(ending, dbt_build, tmp_path):
    first = pd.DataFrame([("u1", "i1", "purchase", "2026-02-01 08:00:00", "1")], columns=COLUMNS)
    second = pd.DataFrame([("u2", "i2", "purchase", "2026-02-02 08:00:00", "1")], columns=COLUMNS)
    # The second file lacks a column and has the others in another order.
    second = second[["value", "item_id", "event_type", "occurred_at", "user_id"]]
    for number, frame in enumerate((first, second)):
        path = tmp_path / f"day-{number}.{ending}"
        if ending == "csv":
            frame.to_csv(path, index=False)
        elif ending == "jsonl":
            frame.to_json(path, orient="records", lines=True)
        else:
            frame.to_parquet(path)
    # The rest of the way is the same for all of them.
    staged = ("build", "--select", "+stg_events__interactions", "--exclude-resource-type", "test")
    warehouse = dbt_build(mapping_of(tmp_path / f"day-*.{ending}"), tmp_path, *staged)
    pairs = query(warehouse, "select user_id, item_id from staging.stg_events__interactions")
    assert sorted(pairs) == [("u1", "i1"), ("u2", "i2")]


def test_json_means_the_same_as_other_files(dbt_build, tmp_path):
    ids = ["6F9619FF-8B86-D011-B42D-00CF4FC964FF", "007", '"x"']
    events = [
        {
            "user_id": user,
            "item_id": item,
            "event_type": "purchase",
            "value": value,
            "occurred_at": at,
        }
        for user, item, value, at in [
            (7, ids[0], 1, "2026-02-01T08:00:00Z"),
            ("7", ids[1], 2.5, 1_769_940_000),
            ("8", ids[2], "n/a", "2026-02-01T10:00:00+02:00"),
            ("8", ids[0], None, "yesterday"),
        ]
    ]
    catalogue = [
        {"item_id": ids[0], "category": ["tea", "green, loose"], "available": True},
        {"item_id": ids[2], "category": "cups", "available": False, "late": 1},
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, events)))
    (tmp_path / "items.json").write_text(json.dumps(catalogue))
    columns = {name: name for name in ("item_id", "category", "available")}
    items = {"relation": str(tmp_path / "items.json"), "columns": columns, "attributes": ["late"]}
    mapping = mapping_of(tmp_path / "events.jsonl", items=items)
    mapping["events"]["time_zone"] = "Europe/Berlin"
    staged = (
        "build",
        "--select",
        "+stg_events__interactions",
        "stg_events__rejected",
        "+stg_catalog__items",
    )
    warehouse = dbt_build(mapping, tmp_path, *staged, "--exclude-resource-type", "test")
    accepted = "select user_id, item_id, value, interacted_at from staging.stg_events__interactions"
    eight = pd.Timestamp("2026-02-01 08:00:00")
    assert sorted(query(warehouse, accepted)) == [
        ("7", ids[1], 2.5, pd.Timestamp("2026-02-01 10:00:00")),
        ("7", ids[0], 1.0, eight),
    ]
    rejected = "select item_id, reject_reason from staging.stg_events__rejected order by all"
    assert query(warehouse, rejected) == [
        (ids[2], "impossible_value"),
        (ids[0], "unparsable_time"),
    ]
    listed = "select item_id, category, is_available, attributes from staging.stg_catalog__items"
    assert sorted(query(warehouse, listed)) == [
        (ids[2], "cups", False, {"late": "1"}),
        (ids[0], "tea", True, {"late": None}),
    ]


def test_a_table_and_a_view_of_the_same_warehouse_are_read_where_they_are(dbt_build, tmp_path):
    warehouse = tmp_path / "sample" / "warehouse.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(str(warehouse)) as connection:
        connection.sql('create schema "my shop"')
        connection.sql(
            """
            create table "my shop"."events log" as
            select
                'u' || range as user_id,
                'i' || (range % 3) as item_id,
                'purchase' as event_type,
                timestamp '2026-02-01 08:00:00' + interval (range) hour as occurred_at,
                1 as value
            from range(20)
            """
        )
        connection.sql(
            """
            create view "my shop".catalogue as
            select distinct item_id, item_id != 'i0' as in_stock from "my shop"."events log"
            """
        )
    columns = {"item_id": "item_id", "available": "in_stock"}
    items = {"relation": '"my shop".catalogue', "columns": columns}
    dbt_build(mapping_of('"my shop"."events log"', items=items), tmp_path, *BUILD)
    assert recommended(warehouse, "u1") == ["i2"]


def test_a_file_that_cannot_be_read_leaves_the_last_lists(dbt_build, tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    write_events(folder, ("u1", "i1", "purchase", "2026-02-01"), ("u2", "i2", "view", "2026-02-02"))
    mapping = mapping_of(folder / "*.parquet")
    warehouse = dbt_build(mapping, tmp_path, *BUILD)
    before = recommended(warehouse, "u1")

    (folder / "torn.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(RuntimeError, match=r"torn\.parquet"):
        dbt_build(mapping, tmp_path, *BUILD)
    assert recommended(warehouse, "u1") == before == ["i2"]
