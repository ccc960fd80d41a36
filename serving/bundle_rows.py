"""Rows of the lists of a release, as arrays of the same length, best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class ListRows(NamedTuple):
    """Items in the order in which they are shown; arrays of the same length that are only read.

    Attributes
    ----------
    items : ndarray of int32
        Numbers of items.
    scores : ndarray of float32
        Probability that the item is taken; nan where nothing estimated one.
    sources : ndarray of uint8
        Places in `Bundle.sources`.
    evidence : ndarray of int32
        Numbers of the items that speak most for them; -1 for none.
    evidence_counts : ndarray of int32
        Of people or times, as the source means it; -1 for none.
    """

    items: np.ndarray
    scores: np.ndarray
    sources: np.ndarray
    evidence: np.ndarray
    evidence_counts: np.ndarray

    @classmethod
    def of(cls, *columns: Sequence[float] | np.ndarray) -> "ListRows":
        """Make rows of columns in their order."""
        arrays = [np.array(one, dtype) for one, dtype in zip(columns, LIST_TYPES, strict=True)]
        for array in arrays:
            array.flags.writeable = False
        return cls(*arrays)

    def part(self, places: slice) -> "ListRows":
        """Return some of the rows."""
        return ListRows(*(column[places] for column in self))

    def followed_by(self, others: "ListRows") -> "ListRows":
        """Return these rows and others behind them."""
        return ListRows.of(*map(np.concatenate, zip(self, others, strict=True)))


LIST_TYPES = (np.int32, np.float32, np.uint8, np.int32, np.int32)


@dataclass(frozen=True)
class NeighbourRows:
    """Items that go with an item, best first: numbers, scores, places in `sources`, people."""

    items: np.ndarray
    scores: np.ndarray
    sources: np.ndarray
    supports: np.ndarray


@dataclass(frozen=True)
class PopularRows:
    """What is popular in a segment, best first: numbers, scores, people in 28 days (-1: none)."""

    items: np.ndarray
    scores: np.ndarray
    user_counts: np.ndarray
