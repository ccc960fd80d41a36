"""The registry and the online tables follow the definitions."""

import sqlite3
from contextlib import closing

import pytest
from feast import FeatureService, FeatureView, Field, FileSource
from feast.types import Int64, UnixTimestamp

from feature_repo.definitions import build_objects
from feature_repo.entities import USER
from feature_repo.lookup import feature_names
from feature_repo.store import StorePlaces, apply, materialize, open_store
from tests.integration.feature_store.rows import FIRST, feature_rows

pytestmark = pytest.mark.integration


@pytest.fixture
def empty_places(tmp_path) -> StorePlaces:
    """Name a store of which nothing exists, not even the folders of its files."""
    return StorePlaces(
        "other_log",
        features=tmp_path / "features",
        registry=tmp_path / "registry" / "registry.db",
        online=tmp_path / "online" / "online.db",
    )


def contents(places: StorePlaces) -> dict[str, list[str]]:
    """Names of everything in the registry and the online store."""
    store = open_store(places)
    names = []
    for file in (places.online, places.online.with_name("recent.db")):
        with closing(sqlite3.connect(file)) as connection:
            tables = connection.execute("select name from sqlite_master where type = 'table'")
            names += [name for (name,) in tables.fetchall()]
    return {
        "entities": sorted(entity.name for entity in store.list_entities()),
        "sources": sorted(source.name for source in store.list_data_sources()),
        "views": sorted(view.name for view in store.list_feature_views()),
        "services": sorted(service.name for service in store.list_feature_services()),
        "tables": sorted(names),
    }


def old_view(places: StorePlaces, name: str = "old_activity", dtype=Int64) -> FeatureView:
    """Define a view that the definitions do not name."""
    return FeatureView(
        name=name,
        entities=[USER],
        source=FileSource(
            name=f"ftr_{name}",
            path=str(places.features / "old.parquet"),
            timestamp_field="feature_at",
        ),
        schema=[Field(name="old_count", dtype=dtype)],
    )


def test_a_store_can_be_applied_before_there_are_files(empty_places):
    store = apply(empty_places)
    wanted = build_objects(empty_places.features)
    views = [thing for thing in wanted if isinstance(thing, FeatureView)]
    names = [
        f"{view.name}__{field.name}"
        for view in views
        if view.stream_source is None
        for field in view.features
    ]
    assert feature_names(store, "ranker_v1") == names
    found = contents(empty_places)
    assert found["views"] == found["tables"] == sorted(view.name for view in views)
    assert found["entities"] == ["category", "item", "user"]


def test_only_the_registry_is_left_in_its_folder(empty_places):
    for _ in range(2):
        apply(empty_places)
        assert list(empty_places.registry.parent.iterdir()) == [empty_places.registry]


def test_what_an_interrupted_run_left_is_not_taken_up(empty_places):
    empty_places.registry.parent.mkdir()
    (empty_places.registry.parent / "registry.db.building").write_bytes(b"half a registry")
    apply(empty_places)
    assert len(contents(empty_places)["views"]) == len(contents(empty_places)["tables"]) > 0


def test_applying_twice_changes_nothing(places, store):
    materialize(store, FIRST)
    before = contents(places)
    counts = {
        view: store.provider.online_store.row_count(store.config, view)
        for view in before["views"]
        if view != "user_recent_events"
    }
    again = apply(places)
    assert contents(places) == before
    assert counts == {
        view: again.provider.online_store.row_count(again.config, view) for view in counts
    }
    assert min(counts.values()) > 0


def test_what_the_definitions_no_longer_name_is_removed(empty_places):
    store = apply(empty_places)
    before = contents(empty_places)
    view = old_view(empty_places)
    store.apply([USER, view, FeatureService(name="ranker_v0", features=[view])])
    assert contents(empty_places) != before
    apply(empty_places)
    assert contents(empty_places) == before


def test_a_view_whose_columns_changed_starts_empty(empty_places):
    store = apply(empty_places)
    view = build_objects(empty_places.features)[-2]
    empty_places.features.mkdir()
    feature_rows(view).to_parquet(view.batch_source.path)
    materialize(store, FIRST, [view.name])
    narrow = FeatureView(
        name=view.name,
        entities=[USER],
        source=view.batch_source,
        schema=[Field(name="x", dtype=Int64)],
    )
    store.apply([narrow])
    assert store.provider.online_store.row_count(store.config, view.name) == 0
    apply(empty_places)
    materialize(open_store(empty_places), FIRST, [view.name])


def test_a_type_that_the_online_store_cannot_keep_is_refused(empty_places):
    store = apply(empty_places)
    with pytest.raises(TypeError, match="old_count is a UNIX_TIMESTAMP"):
        store.apply([USER, old_view(empty_places, dtype=UnixTimestamp)])
