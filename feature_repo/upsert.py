"""Changing some features of some entities in the online store, between two runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from feast import FeatureStore

# Entities read and written at a time: SQLite binds one variable per key.
BLOCK = 5_000


def upsert_features(
    store: "FeatureStore", view: str, rows: Sequence[Mapping[str, Any]], feature_at: datetime
) -> int:
    """Write features over those of the same entities; features that are not named stay.

    Repeating it changes nothing.

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

    Returns
    -------
    int
        Entities written.
    """
    if feature_at.tzinfo is None:
        raise ValueError(f"feature_at must carry a time zone, got {feature_at.isoformat()}")
    known = store.get_feature_view(view)
    (key,) = known.join_keys
    names = [field.name for field in known.features]
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        keys = [row[key] for row in block]
        stored = store.get_online_features(
            features=[f"{view}:{name}" for name in names], entity_rows=[{key: one} for one in keys]
        ).to_dict()
        cells = {
            name: [
                before if row.get(name) is None else row[name]
                for row, before in zip(block, stored[name], strict=True)
            ]
            for name in names
        }
        frame = pd.DataFrame({key: keys, **cells}, dtype=object).assign(feature_at=feature_at)
        store.write_to_online_store(view, df=frame)
    return len(rows)
