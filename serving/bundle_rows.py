"""Rows of the tables of a release, as arrays of the same length, best first."""

from collections.abc import Iterable, Sequence
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

    # `serving.written` goes by these places, in compiled code that is kept until its file changes:
    # whoever moves them changes that file too.
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
        """Return a part of the rows, without a copy."""
        return ListRows(*(column[places] for column in self))

    def at(self, places: Sequence[int] | np.ndarray) -> "ListRows":
        """Return the rows at some places, in the order of these."""
        wanted = np.asarray(places, dtype=np.int64)
        return ListRows.of(*(column[wanted] for column in self))

    def without(self, barred: Iterable[int]) -> "ListRows":
        """Return the rows whose item is not barred, each item once, at its best place."""
        kept = open_places(self.items.tolist(), barred)
        return self if len(kept) == self.items.size else self.at(kept)

    def followed_by(self, others: "ListRows") -> "ListRows":
        """Return these rows and others behind them."""
        return ListRows.of(*map(np.concatenate, zip(self, others, strict=True)))


LIST_TYPES = (np.int32, np.float32, np.uint8, np.int32, np.int32)


def open_places(items: Iterable[int], barred: Iterable[int]) -> list[int]:
    """Return the places of the items that are not barred, of each item the first."""
    seen = set(barred)
    places = []
    for place, item in enumerate(items):
        if item not in seen:
            seen.add(item)
            places.append(place)
    return places


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


class OwnedRows:
    """Tables whose rows belong to a user, an item or a segment.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Of `serving.bundle_arrays.ARRAYS`.
    """

    arrays: dict[str, np.ndarray]

    def has_list(self, user: int) -> bool:
        """Tell whether a user has a list, without reading it."""
        rows = self._rows("list", user)
        return bool(rows.stop > rows.start)

    def personal(self, user: int) -> ListRows:
        """Return the list of a user; without rows for a user who has none."""
        rows = self._rows("list", user)
        names = ("item", "score", "source", "evidence", "evidence_count")
        return ListRows(*(self.arrays[f"list_{name}"][rows] for name in names))

    def pool(self, user: int) -> ListRows:
        """Return what follows the list of a user, to fill it up when items leave it."""
        rows = self._rows("pool", user)
        names = ("item", "score", "source", "evidence")
        items, scores, sources, evidence = (self.arrays[f"pool_{name}"][rows] for name in names)
        return ListRows.of(items, scores, sources, evidence, np.full(items.size, -1))

    def neighbours(self, item: int) -> NeighbourRows:
        """Return what goes with an item; without rows for an item that nothing is known of."""
        rows = self._rows("neighbour", item)
        names = ("item", "score", "source", "support")
        return NeighbourRows(*(self.arrays[f"neighbour_{name}"][rows] for name in names))

    def neighbours_of(self, items: np.ndarray) -> tuple[np.ndarray, NeighbourRows]:
        """Return what goes with some items, one after the other, and the place of each row's item.

        Parameters
        ----------
        items : ndarray of shape (n,), int
            Numbers of items, in any order.
        """
        if items.size and items.min() < 0:
            raise IndexError(f"numbers of items are >= 0, got {items.min()}")
        starts = self.arrays["neighbour_starts"]
        begins, counts = starts[items], starts[items + 1] - starts[items]
        owners = np.repeat(np.arange(items.size), counts)
        rows = np.arange(owners.size) + (begins - (np.cumsum(counts) - counts))[owners]
        names = ("item", "score", "source", "support")
        return owners, NeighbourRows(*(self.arrays[f"neighbour_{name}"][rows] for name in names))

    def history(self, user: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the items that a user's vector is fitted on, ascending, and their weights."""
        rows = self._rows("history", user)
        return self.arrays["history_item"][rows], self.arrays["history_weight"][rows]

    def excluded(self, user: int) -> np.ndarray:
        """Return the items that must not be shown to a user, ascending."""
        return self.arrays["excluded_item"][self._rows("excluded", user)]

    def _rows(self, table: str, owner: int) -> slice:
        """Return where the rows of an owner lie in the arrays of a table."""
        if owner < 0:
            raise IndexError(f"numbers of users and items are >= 0, got {owner}")
        starts = self.arrays[f"{table}_starts"]
        return slice(int(starts[owner]), int(starts[owner + 1]))
