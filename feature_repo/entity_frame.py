"""The frame of entities and moments that past features are asked for, checked and made uniform."""

import pandas as pd

MOMENT = "event_timestamp"


def entity_frame(entities: pd.DataFrame, keys: list[str], features: list[str]) -> pd.DataFrame:
    """Take join keys as text and moments in UTC, whatever the frame stores them as.

    Parameters
    ----------
    entities : DataFrame of length n
        The join keys (strings or null) and `event_timestamp` (a timestamp; without a time zone
        it is UTC).
    keys : list of str
        Join keys wanted.
    features : list of str
        Names that the frame must leave free.

    Returns
    -------
    DataFrame of length n
        The keys and `event_timestamp`, with an index from 0.

    Raises
    ------
    ValueError
        If a column is missing or named like a feature, a key is not text, or a moment is no
        timestamp or null.
    """
    missing = [name for name in [*keys, MOMENT] if name not in entities.columns]
    if missing:
        msg = f"the entity frame lacks the columns {missing}"
        raise ValueError(msg)
    taken = [name for name in features if name in entities.columns]
    if taken:
        msg = f"the entity frame already has the features {taken}"
        raise ValueError(msg)
    columns = {key: _text(entities[key]) for key in keys}
    return pd.DataFrame({**columns, MOMENT: _moments(entities[MOMENT])})


def _text(column: pd.Series) -> pd.Series:
    """Cast text to one storage. A column of nulls would reach DuckDB without a type."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind != "string" and column.notna().any():
        msg = f"join key {column.name!r} must hold strings, got {kind}; cast it in SQL"
        raise ValueError(msg)
    return column.reset_index(drop=True).astype(object).astype("string")


def _moments(column: pd.Series) -> pd.Series:
    """Moments in UTC; without a time zone they are in UTC already."""
    if not pd.api.types.is_datetime64_any_dtype(column):
        msg = f"{column.name} must hold timestamps, got {column.dtype}"
        raise ValueError(msg)
    if column.isna().any():
        msg = f"{column.name} is null in {int(column.isna().sum())} rows"
        raise ValueError(msg)
    return pd.to_datetime(column, utc=True).reset_index(drop=True).astype("datetime64[us, UTC]")
