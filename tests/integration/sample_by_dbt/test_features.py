"""What Feast gives for the rows of a built warehouse is what the warehouse holds."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from feature_repo.definitions import build_views
from feature_repo.lookup import feature_names, fresh_features, point_in_time_features
from feature_repo.store import StorePlaces, apply, materialize
from tests.integration.feature_store.rows import asof_join

pytestmark = pytest.mark.integration

BUILD = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
FRAME = """
    select
        user_id,
        item_id,
        category,
        cutoff_at as event_timestamp,
        columns('.*__.*')
    from ranking.rnk_frame
    order by cutoff_at, user_id, item_id
"""


def store_of(warehouse: Path, home: Path) -> tuple:
    """Export the feature tables of a warehouse; give the places and the open store."""
    places = StorePlaces("sample", home / "features", home / "registry.db", home / "online.db")
    places.features.mkdir()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for view in build_views(places.features):
            table = view.tags["dbt_model"]
            connection.execute(f"copy features.{table} to '{view.batch_source.path}'")
    return places, apply(places)


def query(warehouse: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).df()


@pytest.fixture(scope="module")
def sample(sample_by_dbt, tmp_path_factory) -> tuple:
    return store_of(sample_by_dbt, tmp_path_factory.mktemp("store"))


def test_all_candidates_get_the_features_of_the_frame_and_of_an_asof_join(sample_by_dbt, sample):
    places, store = sample
    frame = query(sample_by_dbt, FRAME)
    names = feature_names(store, "ranker_v1")
    entities = frame.drop(columns=names)
    assert len(frame) > 10_000
    assert set(frame.columns) == {*entities.columns, *names}
    actual = point_in_time_features(store, "ranker_v1", entities)[names]
    pd.testing.assert_frame_equal(actual.astype("float64"), frame[names].astype("float64"))
    pd.testing.assert_frame_equal(actual, asof_join(entities, places))


def test_online_values_of_the_serving_moment_are_those_of_the_frame(sample_by_dbt, sample):
    _places, store = sample
    cutoff = "(select cutoff_at from intermediate.int_cutoffs where role = 'serve')"
    frame = query(
        sample_by_dbt, f"from ({FRAME}) where event_timestamp = {cutoff} and hash(user_id) % 50 = 0"
    )
    names = feature_names(store, "ranker_v1")
    moment = frame["event_timestamp"].iloc[0].tz_localize("UTC").to_pydatetime()
    counts = materialize(store, moment)
    tables = [
        query(
            sample_by_dbt, f"select count(*) from features.ftr_{name} where feature_at = {cutoff}"
        )
        for name in counts
    ]
    assert list(counts.values()) == [table.iloc[0, 0] for table in tables]
    rows = frame[["user_id", "item_id", "category"]].to_dict("records")
    online = pd.DataFrame(fresh_features(store, "ranker_v1", rows, moment), columns=names)
    pd.testing.assert_frame_equal(online.astype("float64"), frame[names].astype("float64"))


def test_an_event_that_is_loaded_late_is_not_seen_before(dbt_build, tmp_path):
    # Served at day 60, looking 10 days ahead: cutoffs at the days 20, 30, 40, 50 and 60.
    day = pd.Timestamp("2024-01-01")
    events = pd.DataFrame(
        [
            ("on time", "u1", "i1", "purchase", day, day),
            # Happened before the cutoff at day 30, loaded after it.
            (
                "late",
                "u1",
                "i2",
                "purchase",
                day + pd.Timedelta(days=25),
                day + pd.Timedelta(days=35),
            ),
            (
                "last",
                "u2",
                "i1",
                "purchase",
                day + pd.Timedelta(days=59),
                day + pd.Timedelta(days=59),
            ),
        ],
        columns=["event_id", "user_id", "item_id", "event_type", "occurred_at", "loaded_at"],
    )
    events.to_parquet(tmp_path / "events.parquet")
    columns = {name: name for name in events.columns}
    mapping = {
        "name": "sample",
        "events": {"relation": str(tmp_path / "events.parquet"), "columns": columns},
        "as_of": str(day + pd.Timedelta(days=60)),
        "horizon_days": 10,
    }
    _places, store = store_of(dbt_build(mapping, tmp_path, *BUILD), tmp_path)
    entities = pd.DataFrame(
        {
            "user_id": "u1",
            "item_id": "i2",
            "category": None,
            "event_timestamp": [day + pd.Timedelta(days=days) for days in (30, 40)],
        }
    )
    past = point_in_time_features(store, "ranker_v1", entities)
    assert list(past["user_activity__interaction_count"]) == [1, 2]
    assert list(past["item_activity__user_count"].fillna(0)) == [0, 1]
    assert list(past["user_item_activity__interaction_count"].fillna(0)) == [0, 1]
    assert list(past["user_activity__days_since_last"]) == [30, 15]
