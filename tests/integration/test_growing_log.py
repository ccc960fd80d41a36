"""A log that changes while it is read: all that a run builds is of one moment."""

from pathlib import Path

import pandas as pd
import pytest

from tests.integration.runs import query

pytestmark = pytest.mark.integration

EVENTS = ["user_id", "item_id", "event_type", "occurred_at"]
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
FIRST = ("build", "--select", "+staging", *WITHOUT_UNIT_TESTS, "--exclude-resource-type", "test")
# Every data test, those of staging too.
THE_REST = ("build", "--select", "test_type:data", "resource_type:seed", "intermediate")
THE_REST += (
    "features",
    "candidates",
    "training",
    "ranking",
    "serving",
    "evaluation",
    "experiments",
)
THE_REST += ("monitoring", *WITHOUT_UNIT_TESTS)


def write(path: Path, columns: list[str], *rows: tuple) -> None:
    pd.DataFrame(rows, columns=columns).astype("string").to_parquet(path)


def write_events(path: Path, *users: str) -> None:
    rows = [
        (user, f"i{item}", "purchase", f"2026-02-{10 + item} 10:00:00")
        for user in users
        for item in range(3)
    ]
    write(path, EVENTS, *rows)


def relation(path: Path, *columns: str) -> dict:
    return {"relation": str(path), "columns": {column: column for column in columns}}


@pytest.fixture
def mapping(tmp_path) -> dict:
    """Map a log of which all can be had, and everybody is in one segment."""
    write_events(tmp_path / "events-1.parquet", "u1", "u2")
    write(tmp_path / "items.parquet", ["item_id", "available"], ("i8", "yes"), ("i9", "yes"))
    write(tmp_path / "users.parquet", ["user_id", "segment"], ("u1", "norway"))
    return {
        "name": "sample",
        "events": relation(tmp_path / "events-*.parquet", *EVENTS),
        "items": relation(tmp_path / "items.parquet", "item_id", "available"),
        "users": relation(tmp_path / "users.parquet", "user_id", "segment"),
        "as_of": "2026-03-01 00:00:00",
        "horizon_days": 14,
    }


def test_what_changes_after_it_was_read_waits_for_the_next_run(mapping, dbt_build, tmp_path):
    offered = "select item_id from recommend('u1') order by item_id"
    users = "select distinct user_id from serving.rec_user_top_items order by user_id"
    dbt_build(mapping, tmp_path, *FIRST)
    write_events(tmp_path / "events-2.parquet", "u3")
    write(tmp_path / "items.parquet", ["item_id", "available"], ("i8", "no"), ("i9", "yes"))
    write(tmp_path / "users.parquet", ["user_id", "segment"], ("u1", "peru"), ("u4", "peru"))

    warehouse = dbt_build(mapping, tmp_path, *THE_REST)
    assert query(warehouse, offered) == [("i8",), ("i9",)]
    assert query(warehouse, users) == [("u1",), ("u2",)]

    dbt_build(mapping, tmp_path, "build", *WITHOUT_UNIT_TESTS)
    assert query(warehouse, offered) == [("i9",)]
    assert query(warehouse, users) == [("u1",), ("u2",), ("u3",), ("u4",)]


def test_every_relation_of_the_mapping_is_read_by_one_table_alone(manifest):
    readers = {source.name: [] for source in manifest.sources.values()}
    for node in manifest.nodes.values():
        for parent in node.depends_on_nodes if node.resource_type != "seed" else []:
            if parent in manifest.sources:
                readers[manifest.sources[parent].name].append(node.config.materialized)
    mapped = ["events", "items", "users", "impressions", "assignments", "experiments"]
    assert [readers[name] for name in mapped] == [["table"]] * len(mapped)
