"""Random choices that depend on ids and a seed, never on the order of rows."""

import numpy as np
import pandas as pd

_EVEN_KEY = "0123456789abcdef"
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def hash_fractions(keys: pd.DataFrame | pd.Series, seed: int) -> np.ndarray:
    """Draw one uniform number per key.

    Parameters
    ----------
    keys : DataFrame or Series of length n
        Ids, moments or numbers; equal keys draw equal numbers, on every
        machine and in every process.
    seed : int
        Another seed draws independent numbers.

    Returns
    -------
    ndarray of shape (n,), float64
        In [0, 1).
    """
    columns = keys.to_frame() if isinstance(keys, pd.Series) else keys
    mixed = np.full(len(columns), _mix(np.array([seed % 2**64], dtype=np.uint64))[0])
    for name in columns:
        mixed = _mix(mixed + _hash_column(columns[name]))
    # The 53 highest bits fill the mantissa of a float64.
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def row_order(frame: pd.DataFrame, seed: int = 0) -> np.ndarray:
    """Order rows by a hash of their content.

    Parameters
    ----------
    frame : DataFrame of length n
        Any columns.
    seed : int
        Another seed gives another order.

    Returns
    -------
    ndarray of shape (n,), int64
        Positions. Rows taken in this order are the same sequence however
        they came in: rows that tie are equal, so their order means nothing.
    """
    return np.argsort(hash_fractions(frame, seed), kind="stable")


def sample_negatives_by_share(
    frame: pd.DataFrame, labels: np.ndarray, keys: list[str], share: float, seed: int
) -> pd.DataFrame:
    """Keep every positive and each negative with the same chance.

    For logs that are read block by block: blocks sampled apart make the
    sample of the whole.

    Parameters
    ----------
    frame : DataFrame of length n
        Candidates.
    labels : ndarray of shape (n,), bool
        Whether the candidate was taken.
    keys : list of str
        Columns of `frame` that name a row, such as cutoff, user and item.
    share : float
        Chance of a negative, in (0, 1]; for a ratio of negatives per
        positive, that ratio times positives / negatives of the whole log.
    seed : int
        Of the choice.

    Returns
    -------
    DataFrame
        The kept rows in the order of `frame`, with ``sample_weight``: how
        many candidates the row stands for, 1.0 for a positive, 1 / `share`
        for a negative.

    Raises
    ------
    ValueError
        If `share` is outside (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], got {share}")
    positive = np.asarray(labels, dtype=bool)
    kept = positive | (hash_fractions(frame[keys], seed) < share)
    return frame[kept].assign(sample_weight=np.where(positive[kept], 1.0, 1.0 / share))


def _hash_column(column: pd.Series) -> np.ndarray:
    """Hash values, a null like any other value, the same for every way to store text."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        # Adding zero makes -0.0 equal to 0.0; integers, floats and booleans hash alike.
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0
        return pd.util.hash_array(numbers, hash_key=_EVEN_KEY)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pd.util.hash_array(column.to_numpy("datetime64[us]").view(np.int64))
    return pd.util.hash_array(column.to_numpy(dtype=object), hash_key=_EVEN_KEY)


def _mix(values: np.ndarray) -> np.ndarray:
    """Scatter 64-bit numbers: the finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    mixed = values + _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
