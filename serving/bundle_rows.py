"""Rows of the lists of a release, as arrays of the same length, best first."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ListRows:
    """Items in the order in which they are shown; arrays of the same length.

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
