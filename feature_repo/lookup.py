"""Reads of features: as known now, and as they were known at past moments.

Read features through this module only. Feast itself serves values after their ttl, changes the
order of rows, turns integers with gaps into floats, and fails on a missing key.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pandas as pd
import pyarrow as pa

from feature_repo.entity_frame import MOMENT, entity_frame
from feature_repo.services import (
    arrow_schema,
    full_names,
    join_keys,
    projection_names,
    service_views,
)
from feature_repo.store import has_redis

if TYPE_CHECKING:
    from feast import FeatureService, FeatureStore, FeatureView
    from feast.online_response import OnlineResponse

    from feature_repo.online_store import TableOnlineStore

__all__ = [
    "MOMENT",
    "feature_names",
    "fresh_features",
    "is_fresh",
    "point_in_time_features",
    "row_moments",
]

# Rows joined at a time: bounds the memory.
CHUNK_ROWS = 200_000
# Rows looked up at a time: SQLite binds one variable per key.
ONLINE_ROWS = 5_000


def feature_names(store: "FeatureStore", service: str) -> list[str]:
    """List the features of a service, `<view>__<feature>`, in its order.

    Parameters
    ----------
    store : FeatureStore
        Store whose registry holds `service`.
    service : str
        Name of a feature service, such as ``ranker_v1``.

    Returns
    -------
    list of str
    """
    return full_names(store.get_feature_service(service))


def fresh_features(
    store: "FeatureStore",
    service: str,
    entities: Sequence[Mapping[str, str | None]],
    now: datetime,
) -> list[dict[str, object]]:
    """Read the features of some entities from the online store, as known at `now`.

    Parameters
    ----------
    store : FeatureStore
        Store whose registry holds `service`.
    service : str
        Name of a feature service, such as ``ranker_v1``.
    entities : sequence of mapping
        Join key to value, such as ``{"user_id": "u1", "item_id": "i1", "category": None}``. All
        keys of the service, more are ignored. A value of None is an entity that is not known.
    now : datetime
        Moment of the request, with its time zone.

    Returns
    -------
    list of dict
        One per entity, in their order: feature to value, features in the service's order. None
        where there is no value, or it is older than its view's ttl, or not yet valid at `now`.
        All are of one filling of the store, also while it is filled anew; a Redis server gives no
        such promise.

    Raises
    ------
    ValueError
        If `now` has no time zone, an entity lacks a join key, or the key is not text.
    """
    if now.tzinfo is None:
        msg = f"now must carry a time zone, got {now.isoformat()}"
        raise ValueError(msg)
    wanted = store.get_feature_service(service, allow_cache=True)
    views = service_views(store, wanted)
    columns = {key: [_value(row, key) for row in entities] for key in join_keys(views)}
    rows: list[dict[str, object]] = []
    with _one_filling(store):
        for start in range(0, len(entities), ONLINE_ROWS):
            block = {key: column[start : start + ONLINE_ROWS] for key, column in columns.items()}
            rows.extend(_fresh_block(store, wanted, views, block, now))
    return rows


def row_moments(answer: "OnlineResponse", feature: str) -> list[datetime]:
    """Return the `feature_at` of the rows that Feast took a feature from, in UTC.

    Of an entity without a row it is the start of 1970.
    """
    place = list(answer.proto.metadata.feature_names.val).index(feature)
    return [moment.ToDatetime(UTC) for moment in answer.proto.results[place].event_timestamps]


def is_fresh(feature_at: datetime, now: datetime, ttl: timedelta | None) -> bool:
    """Tell whether a row may be used at `now`. For Feast no ttl and 0 mean for ever."""
    age = now - feature_at
    return timedelta(0) <= age and (not ttl or age <= ttl)


def _one_filling(store: "FeatureStore") -> AbstractContextManager[None]:
    """Read several views as they were at one time, where the store can."""
    if has_redis(store):
        return nullcontext()
    return cast("TableOnlineStore", store.provider.online_store).reading(store.config)


def point_in_time_features(
    store: "FeatureStore", service: str, entities: pd.DataFrame, chunk_rows: int = CHUNK_ROWS
) -> pd.DataFrame:
    """Join to each row the features as they were known at its moment.

    Parameters
    ----------
    store : FeatureStore
        Store whose registry holds `service`.
    service : str
        Name of a feature service, such as ``ranker_v1``.
    entities : DataFrame of length n
        The service's join keys (strings; null is an entity that is not known) and
        `event_timestamp` (a timestamp; without a time zone it is UTC). Rows may repeat; further
        columns are kept.
    chunk_rows : int, default 200 000
        Rows joined at a time, >= 1.

    Returns
    -------
    DataFrame of length n
        `entities`, its rows, order and index unchanged, then the features in the service's
        order: Int64 (null where missing) and float64 (nan where missing).

    Raises
    ------
    ValueError
        If a column is missing or named like a feature, a join key is not text, a moment is no
        timestamp or null, or `chunk_rows` is below 1.
    """
    if chunk_rows < 1:
        msg = f"chunk_rows must be >= 1, got {chunk_rows}"
        raise ValueError(msg)
    wanted = store.get_feature_service(service)
    keys = join_keys(service_views(store, wanted))
    frame = entity_frame(entities, keys, full_names(wanted))
    # An empty frame is one empty chunk, which has the columns and types.
    starts = range(0, max(len(frame), 1), chunk_rows)
    chunks = [_joined(store, wanted, frame.iloc[start : start + chunk_rows]) for start in starts]
    features = pd.concat(chunks, ignore_index=True).set_axis(entities.index)
    return pd.concat([entities, features], axis=1)


def _joined(store: "FeatureStore", service: "FeatureService", keys: pd.DataFrame) -> pd.DataFrame:
    """Features of the service for the rows of `keys`, in their order."""
    schema = arrow_schema(service)
    if keys.empty:
        table = schema.empty_table()
    else:
        # The join returns rows in any order.
        numbered = keys.assign(entity_row=range(len(keys)))
        job = store.get_historical_features(
            entity_df=numbered, features=service, full_feature_names=True
        )
        # Feast's own frames turn integers with gaps into floats.
        table = job.to_arrow().sort_by("entity_row").select(schema.names).cast(schema)
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def _value(row: Mapping[str, object], key: str) -> str | None:
    """Value of a join key; the key must be there, the value may be None."""
    if key not in row:
        msg = f"entity {dict(row)} lacks the join key {key!r}"
        raise ValueError(msg)
    value = row[key]
    if value is not None and not isinstance(value, str):
        msg = f"join key {key!r} must be a string or None, got {value!r}"
        raise ValueError(msg)
    return value


def _fresh_block(
    store: "FeatureStore",
    service: "FeatureService",
    views: list["FeatureView"],
    keys: dict[str, list[str | None]],
    now: datetime,
) -> list[dict[str, object]]:
    """Read one block of entities."""
    # Feast fails on a null key; what is found under the empty string is masked below.
    filled = {key: ["" if value is None else value for value in keys[key]] for key in keys}
    answer = store.get_online_features(
        features=service, entity_rows=filled, full_feature_names=True
    )
    values = answer.to_dict()
    rows: list[dict[str, object]] = [{} for _ in next(iter(filled.values()))]
    for view, projection in zip(views, service.feature_view_projections, strict=True):
        names = projection_names(projection)
        moments = row_moments(answer, names[0])
        cells = zip(*(keys[key] for key in view.join_keys), strict=True)
        fresh = [
            None not in key and is_fresh(moment, now, view.ttl)
            for key, moment in zip(cells, moments, strict=True)
        ]
        for name in names:
            for row, value, usable in zip(rows, values[name], fresh, strict=True):
                row[name] = value if usable else None
    return rows
