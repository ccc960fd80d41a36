"""Reads of features: as known now, and as they were known at past moments.

Read features through this module only. Feast itself serves values after their ttl, changes the
order of rows, turns integers with gaps into floats, and fails on a missing key.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from feast import FeatureService, FeatureStore, FeatureView

MOMENT = "event_timestamp"
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
    return _names(store.get_feature_service(service))


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

    Raises
    ------
    ValueError
        If `now` has no time zone, or an entity lacks a join key.
    """
    if now.tzinfo is None:
        msg = f"now must carry a time zone, got {now.isoformat()}"
        raise ValueError(msg)
    wanted = store.get_feature_service(service, allow_cache=True)
    keys = _join_keys(store, wanted)
    columns = {key: [_value(row, key) for row in entities] for key in keys}
    rows: list[dict[str, object]] = []
    for start in range(0, len(entities), ONLINE_ROWS):
        block = {key: column[start : start + ONLINE_ROWS] for key, column in columns.items()}
        rows.extend(_fresh_block(store, wanted, block, now))
    return rows


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
        `event_timestamp` (without a time zone it is UTC). Rows may repeat; further columns are
        kept.
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
        If a column is missing or named like a feature, a join key is not text, a moment is null,
        or `chunk_rows` is below 1.
    """
    if chunk_rows < 1:
        msg = f"chunk_rows must be >= 1, got {chunk_rows}"
        raise ValueError(msg)
    wanted = store.get_feature_service(service)
    names = _names(wanted)
    keys = _key_frame(entities, _join_keys(store, wanted), names)
    # One row more than none, so that an empty frame has its columns and types.
    starts = range(0, max(len(keys), 1), chunk_rows)
    chunks = [_joined(store, wanted, keys.iloc[start : start + chunk_rows]) for start in starts]
    features = pd.concat(chunks, ignore_index=True).set_axis(entities.index)
    return pd.concat([entities, features], axis=1)


def _names(service: "FeatureService") -> list[str]:
    """Full names of a service's features, in its order."""
    return [
        f"{projection.name}__{field.name}"
        for projection in service.feature_view_projections
        for field in projection.features
    ]


def _join_keys(store: "FeatureStore", service: "FeatureService") -> list[str]:
    """Join keys that some view of the service needs."""
    views = [_view(store, projection.name) for projection in service.feature_view_projections]
    return list(dict.fromkeys(key for view in views for key in view.join_keys))


def _view(store: "FeatureStore", name: str) -> "FeatureView":
    """View of that name; `store.get_feature_view` would read the registry file each time."""
    return store.registry.get_feature_view(name, store.project, allow_cache=True)


def _value(row: Mapping[str, str | None], key: str) -> str | None:
    """Value of a join key; the key must be there, the value need not."""
    if key not in row:
        msg = f"entity {dict(row)} lacks the join key {key!r}"
        raise ValueError(msg)
    return row[key]


def _fresh_block(
    store: "FeatureStore",
    service: "FeatureService",
    keys: dict[str, list[str | None]],
    now: datetime,
) -> list[dict[str, object]]:
    """Read one block of entities."""
    # Feast fails on a null key; what is found under the empty string is masked below.
    filled = {key: ["" if value is None else value for value in keys[key]] for key in keys}
    answer = store.get_online_features(
        features=service, entity_rows=filled, full_feature_names=True
    ).to_dict(include_event_timestamps=True)
    rows: list[dict[str, object]] = [{} for _ in next(iter(filled.values()))]
    for projection in service.feature_view_projections:
        view = _view(store, projection.name)
        is_known = [
            all(value is not None for value in values)
            for values in zip(*(keys[key] for key in view.join_keys), strict=True)
        ]
        for field in projection.features:
            name = f"{projection.name}__{field.name}"
            cells = zip(rows, answer[name], answer[f"{name}__ts"], is_known, strict=True)
            for row, value, second, is_key in cells:
                is_fresh = is_key and _is_fresh(second, now, view.ttl)
                row[name] = value if is_fresh else None
    return rows


def _is_fresh(second: int, now: datetime, ttl: timedelta | None) -> bool:
    """Whether a value of that epoch second may be used at `now`. Feast's 0 means no limit."""
    age = now - datetime.fromtimestamp(second, tz=UTC)
    return timedelta(0) <= age and (not ttl or age <= ttl)


def _key_frame(entities: pd.DataFrame, keys: list[str], features: list[str]) -> pd.DataFrame:
    """Keys as text and moments in UTC, whatever the frame stores them as."""
    missing = [name for name in [*keys, MOMENT] if name not in entities.columns]
    if missing:
        msg = f"the entity frame lacks the columns {missing}"
        raise ValueError(msg)
    taken = [name for name in features if name in entities.columns]
    if taken:
        msg = f"the entity frame already has the features {taken}"
        raise ValueError(msg)
    frame = pd.DataFrame({key: _text(entities[key]) for key in keys})
    moments = pd.to_datetime(entities[MOMENT], utc=True).reset_index(drop=True)
    if moments.isna().any():
        msg = f"{MOMENT} is null in {int(moments.isna().sum())} rows"
        raise ValueError(msg)
    return frame.assign(**{MOMENT: moments.astype("datetime64[us, UTC]")})


def _text(column: pd.Series) -> pd.Series:
    """Cast text to one storage. A column of nulls would reach DuckDB without a type."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind not in ("string", "empty"):
        msg = f"join key {column.name!r} must hold strings, got {kind}; cast it in SQL"
        raise ValueError(msg)
    return column.reset_index(drop=True).astype("string")


def _joined(store: "FeatureStore", service: "FeatureService", keys: pd.DataFrame) -> pd.DataFrame:
    """Features of the service for the rows of `keys`, in their order."""
    schema = _arrow_schema(service)
    if keys.empty:
        table = schema.empty_table()
    else:
        # The join returns rows in any order.
        numbered = keys.assign(entity_row=range(len(keys)))
        job = store.get_historical_features(
            entity_df=numbered, features=service, full_feature_names=True
        )
        table = job.to_arrow().sort_by("entity_row").select(schema.names).cast(schema)
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def _arrow_schema(service: "FeatureService") -> pa.Schema:
    """Arrow types of the features; integers stay integers, unlike in Feast's own frames."""
    from feast.types import from_feast_to_pyarrow_type

    return pa.schema(
        [
            (f"{projection.name}__{field.name}", from_feast_to_pyarrow_type(field.dtype))
            for projection in service.feature_view_projections
            for field in projection.features
        ]
    )
