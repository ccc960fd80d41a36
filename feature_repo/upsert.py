"""Changing some features of some entities in the online store, between two runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from feature_repo.lookup import is_fresh, row_moments

if TYPE_CHECKING:
    from feast import FeatureStore

# Entities read and written at a time: SQLite binds one variable per key.
BLOCK = 5_000


def upsert_features(
    store: "FeatureStore",
    view: str,
    rows: Sequence[Mapping[str, Any]],
    feature_at: datetime,
    filled_at: datetime,
) -> int:
    """Write features over those of the same entities; features that are not named stay.

    They stay no longer than they would without it: however often an entity is written, what is
    older than the view's ttl becomes null. Repeating it changes nothing.

    Parameters
    ----------
    store : FeatureStore
        Store to which `apply` was called.
    view : str
        Name of a view with one join key.
    rows : sequence of mapping
        The join key and features of `view`; None is not known, and leaves what is there. All rows
        have the same names, each entity occurs once.
    feature_at : datetime
        Moment from which the rows may be used, with its time zone.
    filled_at : datetime
        Moment that the view was last filled for, with its time zone: that of the features which
        earlier writes left as they were.

    Returns
    -------
    int
        Entities written.

    Raises
    ------
    ValueError
        If a moment has no time zone.
    """
    for name, moment in (("feature_at", feature_at), ("filled_at", filled_at)):
        if moment.tzinfo is None:
            raise ValueError(f"{name} must carry a time zone, got {moment.isoformat()}")
    known = store.get_feature_view(view)
    (key,) = known.join_keys
    names = [field.name for field in known.features]
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        keys = [row[key] for row in block]
        answer = store.get_online_features(
            features=[f"{view}:{name}" for name in names], entity_rows=[{key: one} for one in keys]
        )
        stored = answer.to_dict()
        # A write moves the row's moment on, but not what it leaves as it was; and a server may hold
        # rows of earlier fillings.
        fresh = [
            is_fresh(min(moment, filled_at), feature_at, known.ttl)
            for moment in row_moments(answer, names[0])
        ]
        cells = {
            name: [
                row[name] if row.get(name) is not None else before if usable else None
                for row, before, usable in zip(block, stored[name], fresh, strict=True)
            ]
            for name in names
        }
        frame = pd.DataFrame({key: keys, **cells}, dtype=object).assign(feature_at=feature_at)
        store.write_to_online_store(view, df=frame)
    return len(rows)
