"""From a frame of candidates to the numbers a ranker learns from."""

import numpy as np
import pandas as pd


def feature_matrix(frame: pd.DataFrame, features: list[str]) -> np.ndarray:
    """Arrange features as numbers, with nan for whatever is missing or infinite.

    Parameters
    ----------
    frame : DataFrame of length n
        Numbers and booleans in any storage, also objects: null, nan, positive
        and negative infinity all become nan.
    features : list of str
        Columns wanted, in this order.

    Returns
    -------
    ndarray of shape (n, k), float64
        Finite or nan.

    Raises
    ------
    KeyError
        If `frame` lacks a feature.
    ValueError
        If a feature is neither number nor boolean.
    """
    missing = sorted(set(features) - set(frame.columns))
    if missing:
        raise KeyError(f"the frame lacks the features {missing}")
    texts = [name for name in features if not _holds_numbers(frame[name])]
    if texts:
        raise ValueError(f"features {texts} are not numeric; encode them in SQL")
    matrix = np.empty((len(frame), len(features)))
    for column, name in enumerate(features):
        values = frame[name]
        # DuckDB hands over booleans with nulls, and columns of nulls, as objects.
        numbers = values.astype("Float64") if values.dtype == object else values
        matrix[:, column] = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix


def check_rows(
    frame: pd.DataFrame, labels: np.ndarray, users: np.ndarray, weights: np.ndarray
) -> None:
    """Refuse rows that cannot be learned from: see `fit_ranker` for what they must be."""
    if not len(frame) == labels.size == len(users) == weights.size:
        raise ValueError(
            f"{len(frame)} rows, {labels.size} labels, {len(users)} users, {weights.size} weights"
        )
    refused = int((~(weights > 0)).sum())
    if refused:
        raise ValueError(f"{refused} weights are not > 0")
    if not labels.any():
        raise ValueError("no positives: nobody took a candidate in the label window")
    if labels.all():
        raise ValueError("no negatives: every candidate was taken")


def _holds_numbers(column: pd.Series) -> bool:
    """Whether there are only numbers, booleans and nulls."""
    if column.dtype != object:
        return pd.api.types.is_numeric_dtype(column.dtype)
    kinds = {"empty", "boolean", "integer", "floating", "mixed-integer-float"}
    return pd.api.types.infer_dtype(column, skipna=True) in kinds
