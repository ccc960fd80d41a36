"""The online store keeps what Feast hands it, in a table that anyone can read."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from feast import FeatureView, Field, FileSource, RepoConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Bool, Float64, Int64, String

from feature_repo.entities import ITEM, USER
from feature_repo.online_store import TableOnlineStore

VIEW = FeatureView(
    name='odd "view"',
    entities=[USER, ITEM],
    source=FileSource(path="rows.parquet", timestamp_field="feature_at"),
    schema=[
        Field(name="user_id", dtype=String),
        Field(name="item_id", dtype=String),
        Field(name="item_count", dtype=Int64),
        Field(name="share", dtype=Float64),
        Field(name="is_new", dtype=Bool),
        Field(name="order", dtype=String),
    ],
)
MOMENT = datetime(2024, 3, 31, 2, 30, 0, 1, tzinfo=UTC)
VALUES = {
    "item_count": Value(int64_val=2**63 - 1),
    "share": Value(double_val=0.1),
    "is_new": Value(bool_val=False),
    "order": Value(string_val="größe"),
}


@pytest.fixture
def config(tmp_path: Path) -> RepoConfig:
    return RepoConfig(
        project="test",
        registry=str(tmp_path / "registry.db"),
        online_store={
            "type": "feature_repo.online_store.TableOnlineStore",
            "path": str(tmp_path / "online.db"),
        },
    )


@pytest.fixture
def store(config: RepoConfig) -> TableOnlineStore:
    store = TableOnlineStore()
    store.update(config, [], [VIEW], [], [], partial=False)
    return store


def key(**values: str) -> EntityKey:
    return EntityKey(
        join_keys=list(values), entity_values=[Value(string_val=v) for v in values.values()]
    )


def test_values_and_moments_come_back_exactly(store, config):
    entity = key(user_id="u1", item_id="i1")
    store.online_write_batch(config, VIEW, [(entity, VALUES, MOMENT, None)], None)
    assert store.online_read(config, VIEW, [entity]) == [(MOMENT, VALUES)]
    ((_moment, some),) = store.online_read(config, VIEW, [entity], ["share"])
    assert some == {"share": VALUES["share"]}


def test_the_table_is_readable_without_feast(store, config):
    entity = key(user_id="u1", item_id="i1")
    store.online_write_batch(config, VIEW, [(entity, VALUES, MOMENT, None)], None)
    with closing(sqlite3.connect(config.online_store.path)) as connection:
        connection.row_factory = sqlite3.Row
        (row,) = connection.execute('select * from "odd ""view"""').fetchall()
    # Half past two in the night of 31 March 2024, and a microsecond.
    expected = {"user_id": "u1", "item_id": "i1", "feature_at": 1_711_852_200_000_001}
    features = {"item_count": 2**63 - 1, "share": 0.1, "is_new": 0, "order": "größe"}
    assert dict(row) == {**expected, **features}


def test_join_keys_may_come_in_any_order(store, config):
    rows = [(key(item_id="a", user_id="b"), VALUES, MOMENT, None)]
    store.online_write_batch(config, VIEW, rows, None)
    wanted = [key(user_id="b", item_id="a"), key(item_id="a", user_id="b")]
    assert store.online_read(config, VIEW, wanted) == [(MOMENT, VALUES)] * 2
    assert store.online_read(config, VIEW, [key(user_id="a", item_id="b")]) == [(None, None)]


def test_a_null_and_a_nan_are_missing(store, config):
    entity = key(user_id="u1", item_id="i1")
    values = {"item_count": Value(), "share": Value(double_val=float("nan"))}
    store.online_write_batch(config, VIEW, [(entity, values, MOMENT, None)], None)
    ((moment, found),) = store.online_read(config, VIEW, [entity])
    assert moment == MOMENT
    assert {value.WhichOneof("val") for value in found.values()} == {None}


@pytest.mark.parametrize(
    "moment",
    [MOMENT.replace(tzinfo=None), MOMENT.astimezone(timezone(timedelta(hours=-8)))],
    ids=["naive", "elsewhere"],
)
def test_moments_are_kept_in_utc(store, config, moment):
    entity = key(user_id="u1", item_id="i1")
    store.online_write_batch(config, VIEW, [(entity, VALUES, moment, None)], None)
    assert store.online_read(config, VIEW, [entity])[0][0] == MOMENT


def test_a_later_row_takes_the_place_of_the_former(store, config):
    entity = key(user_id="u1", item_id="i1")
    for count in (1, 2):
        values = {**VALUES, "item_count": Value(int64_val=count)}
        store.online_write_batch(config, VIEW, [(entity, values, MOMENT, None)], None)
    assert store.row_count(config, VIEW.name) == 1
    assert store.online_read(config, VIEW, [entity])[0][1]["item_count"].int64_val == 2


def test_of_a_batch_with_an_error_nothing_is_kept(store, config):
    rows = [(key(user_id="u1", item_id="i1"), VALUES, MOMENT, None)]
    with pytest.raises(sqlite3.IntegrityError):
        store.online_write_batch(
            config, VIEW, [*rows, (key(user_id="u2"), VALUES, MOMENT, None)], None
        )
    assert store.row_count(config, VIEW.name) == 0
    store.online_write_batch(config, VIEW, rows, None)
    assert store.row_count(config, VIEW.name) == 1


def test_teardown_removes_the_tables(store, config):
    store.teardown(config, [VIEW], [])
    with closing(sqlite3.connect(config.online_store.path)) as connection:
        assert connection.execute("select name from sqlite_master").fetchall() == []
