"""Attributes of users and items, which are text in the catalogue, as numbers for the ranker."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class AttributeEncoder:
    """How attributes become numbers.

    Attributes
    ----------
    categories : dict of str to tuple of str, or None
        By column: the values met in training, ascending, whose places are
        their numbers; None for a column in which every value was a number.
    """

    categories: dict[str, tuple[str, ...] | None] = field(default_factory=dict)


def fit_encoder(frame: pd.DataFrame, columns: list[str]) -> AttributeEncoder:
    """Learn which values there are.

    Parameters
    ----------
    frame : DataFrame
        Training rows, with `columns` of text; null is missing.
    columns : list of str
        The attributes.

    Returns
    -------
    AttributeEncoder
        Equal rows in any order give an equal encoder.

    Raises
    ------
    KeyError
        If `frame` lacks a column.
    """
    missing = sorted(set(columns) - set(frame.columns))
    if missing:
        raise KeyError(f"the frame lacks the attributes {missing}")
    categories: dict[str, tuple[str, ...] | None] = {}
    for name in columns:
        values = frame[name].dropna().astype(str)
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
        is_numeric = values.size > 0 and bool(np.isfinite(numbers).all())
        categories[name] = None if is_numeric else tuple(sorted(values.unique()))
    return AttributeEncoder(categories)


def encode(encoder: AttributeEncoder, frame: pd.DataFrame) -> pd.DataFrame:
    """Put numbers in the place of attributes.

    Parameters
    ----------
    encoder : AttributeEncoder
        Fitted on the training rows.
    frame : DataFrame
        Rows with its columns; the others stay as they are.

    Returns
    -------
    DataFrame
        Numbers as they are, other values by their place from 0 (float64); nan
        where there is none, or one that training has not met.

    Raises
    ------
    KeyError
        If `frame` lacks a column.
    """
    numbers = {
        name: _numbers(frame[name], categories) for name, categories in encoder.categories.items()
    }
    return frame.assign(**numbers) if numbers else frame


def _numbers(values: pd.Series, categories: tuple[str, ...] | None) -> np.ndarray:
    """Encode one attribute."""
    if categories is None:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    texts = values.astype(object).where(values.notna(), None)
    places = pd.Index(categories, dtype=object).get_indexer(pd.Index(texts, dtype=object))
    return np.where(places < 0, np.nan, places.astype(np.float64))
