"""Past features are the rows that SQL says a moment may see."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from feature_repo.definitions import build_views
from feature_repo.lookup import feature_names, point_in_time_features
from tests.integration.feature_store.rows import (
    BEYOND_FLOAT,
    FIRST,
    MICROSECOND,
    MOMENTS,
    SECOND,
    THIRD,
    TTL,
    asof_join,
    entity_frame,
    feature_rows,
)

pytestmark = pytest.mark.integration


def test_past_features_are_the_rows_of_an_asof_join(store, places):
    entities = entity_frame(MOMENTS).sample(frac=1, random_state=1, ignore_index=True)
    pd.testing.assert_frame_equal(
        point_in_time_features(store, "ranker_v1", entities).drop(columns=entities.columns),
        asof_join(entities, places),
    )


@pytest.mark.parametrize(
    ("moment", "step"),
    [
        (FIRST - MICROSECOND, None),
        (FIRST, 0),
        (FIRST + TTL, 0),
        (FIRST + TTL + MICROSECOND, None),
        (SECOND - MICROSECOND, None),
        (SECOND, 1),
        (THIRD - MICROSECOND, 1),
        (THIRD, 2),
        (THIRD + TTL, 2),
        (THIRD + TTL + timedelta(seconds=1), None),
    ],
)
def test_each_view_gives_the_last_row_known_at_the_moment(store, places, moment, step):
    entities = entity_frame([moment]).iloc[[1]]
    actual = point_in_time_features(store, "ranker_v1", entities).iloc[0]
    for view in build_views(places.features):
        rows = feature_rows(view)
        own = (rows[list(view.join_keys)] == entities[list(view.join_keys)].iloc[0]).all(axis=1)
        for field in view.features:
            value = actual[f"{view.name}__{field.name}"]
            expected = pd.NA if step is None else rows[own][field.name].iloc[step]
            assert (pd.isna(value) and pd.isna(expected)) or value == expected


def test_columns_order_index_and_repeated_rows_are_kept(store):
    entities = entity_frame([FIRST, FIRST, SECOND]).assign(weight=1.5, label_y=True)
    entities = entities[["label_y", "event_timestamp", "category", "user_id", "weight", "item_id"]]
    entities.index = pd.Index(range(900, 900 - len(entities), -1), name="row")
    before = entities.copy()
    actual = point_in_time_features(store, "ranker_v1", entities)
    pd.testing.assert_frame_equal(entities, before)
    pd.testing.assert_frame_equal(actual[entities.columns], entities)
    assert list(actual.columns) == [*entities.columns, *feature_names(store, "ranker_v1")]
    once = len(entities) // 3
    pd.testing.assert_frame_equal(
        actual.iloc[:once].reset_index(drop=True),
        actual.iloc[once : 2 * once].reset_index(drop=True),
    )


def test_chunks_change_nothing(store):
    entities = entity_frame([FIRST, SECOND])
    pd.testing.assert_frame_equal(
        point_in_time_features(store, "ranker_v1", entities, chunk_rows=len(entities) // 2),
        point_in_time_features(store, "ranker_v1", entities),
    )


@pytest.mark.parametrize(
    "moments",
    [
        lambda moments: moments.dt.tz_localize(None),
        lambda moments: moments.dt.tz_convert("Asia/Kathmandu"),
        lambda moments: moments.astype("datetime64[ns, UTC]"),
    ],
    ids=["naive", "elsewhere", "nanoseconds"],
)
def test_moments_may_be_stored_in_any_way(store, moments):
    entities = entity_frame(MOMENTS)
    names = feature_names(store, "ranker_v1")
    other = entities.assign(event_timestamp=moments(entities["event_timestamp"]))
    pd.testing.assert_frame_equal(
        point_in_time_features(store, "ranker_v1", other)[names],
        point_in_time_features(store, "ranker_v1", entities)[names],
    )


@pytest.mark.parametrize("null", [None, np.nan, pd.NA], ids=["none", "nan", "na"])
def test_a_category_column_of_nulls_only_misses_the_category_alone(store, null):
    entities = entity_frame([THIRD]).head(3)
    known = point_in_time_features(store, "ranker_v1", entities)
    blank = point_in_time_features(store, "ranker_v1", entities.assign(category=null))
    of_category = [name for name in known if name.startswith("user_category_activity__")]
    assert known[of_category].notna().to_numpy().any()
    assert blank[of_category].isna().to_numpy().all()
    others = [name for name in feature_names(store, "ranker_v1") if name not in of_category]
    pd.testing.assert_frame_equal(blank[others], known[others])


def test_an_empty_frame_has_the_features_and_their_types(store):
    entities = entity_frame([THIRD])
    full = point_in_time_features(store, "ranker_v1", entities)
    empty = point_in_time_features(store, "ranker_v1", entities.head(0))
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def test_whole_numbers_stay_exact_beside_missing_ones(store):
    entities = entity_frame([FIRST - MICROSECOND, FIRST])
    column = point_in_time_features(store, "ranker_v1", entities)["user_activity__item_count"]
    assert column.dtype == "Int64"
    assert column.isna().any()
    assert (column.dropna() > BEYOND_FLOAT).all()
    assert any(int(value) % 2 for value in column.dropna())


def test_files_that_were_replaced_are_read_anew(store, places):
    view = build_views(places.features)[0]
    entities = entity_frame([THIRD]).head(1)
    before = point_in_time_features(store, "ranker_v1", entities)["user_activity__item_count"]
    rows = feature_rows(view)
    building = places.features / "building"
    try:
        rows.assign(item_count=7).to_parquet(building)
        building.replace(view.batch_source.path)
        after = point_in_time_features(store, "ranker_v1", entities)["user_activity__item_count"]
    finally:
        rows.to_parquet(view.batch_source.path)
    assert before.iloc[0] != 7
    assert after.iloc[0] == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="category"), r"lacks the columns \['category'\]"),
        (lambda frame: frame.drop(columns="event_timestamp"), "lacks the columns"),
        (lambda frame: frame.assign(user_id=7), "'user_id' must hold strings, got integer"),
        (lambda frame: frame.assign(item_id=1.5), "'item_id' must hold strings, got floating"),
        (lambda frame: frame.assign(event_timestamp="2024-01-02"), "must hold timestamps"),
        (lambda frame: frame.assign(event_timestamp=pd.NaT), "event_timestamp is null in 15 rows"),
        (lambda frame: frame.assign(user_activity__item_count=1), "already has the features"),
    ],
)
def test_a_frame_that_cannot_be_joined_is_refused(store, change, message):
    with pytest.raises(ValueError, match=message):
        point_in_time_features(store, "ranker_v1", change(entity_frame([FIRST])))


def test_chunks_of_no_rows_are_refused(store):
    with pytest.raises(ValueError, match="chunk_rows must be >= 1, got 0"):
        point_in_time_features(store, "ranker_v1", entity_frame([FIRST]), chunk_rows=0)
