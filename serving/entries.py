"""A list on its way to a user."""

from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from serving.bundle_rows import ListRows, open_places

# What opens a release takes seconds to import, and events do not wait for that.
if TYPE_CHECKING:
    from serving.bundle import Bundle


class Entry(NamedTuple):
    """One item of a list.

    Attributes
    ----------
    item : int
        Number of the item in the release.
    score : float, optional
        Probability that the user takes it; None where nothing estimated one.
    source : str
        What proposed it.
    evidence : int, optional
        Number of the item of the history that speaks for it.
    evidence_count : int, optional
        People or times, as the source means it.
    propensity : float
        Chance with which this item stands at this place, whatever stands above it, in (0, 1].
    """

    item: int
    score: float | None
    source: str
    evidence: int | None = None
    evidence_count: int | None = None
    propensity: float = 1.0


class RowEntries(Sequence[Entry]):
    """Entries of rows, none of which is made before it is looked at; most never are.

    Parameters
    ----------
    bundle : Bundle
        That the rows come from.
    rows : ListRows
    """

    def __init__(self, bundle: "Bundle", rows: ListRows) -> None:
        self.bundle, self.rows = bundle, rows

    def __len__(self) -> int:
        """Return the number of entries."""
        return self.rows.items.size

    @overload
    def __getitem__(self, place: int) -> Entry: ...

    @overload
    def __getitem__(self, place: slice) -> "RowEntries": ...

    def __getitem__(self, place: int | slice) -> "Entry | RowEntries":
        """Return one, or some of them."""
        if isinstance(place, slice):
            return RowEntries(self.bundle, self.rows.part(place))
        return list(self)[place]

    def __iter__(self) -> Iterator[Entry]:
        """Make the entries, one after the other."""
        names, rows = [*self.bundle.source_codes], self.rows
        columns = (
            rows.items.tolist(),
            [None if isnan(score) else score for score in rows.scores.tolist()],
            [names[source] for source in rows.sources.tolist()],
            [item if item >= 0 else None for item in rows.evidence.tolist()],
            [count if count >= 0 else None for count in rows.evidence_counts.tolist()],
            [1.0] * rows.items.size,
        )
        return map(Entry._make, zip(*columns, strict=True))


def rows_of(bundle: "Bundle", entries: Sequence[Entry]) -> ListRows:
    """Return entries as arrays."""
    if isinstance(entries, RowEntries):
        return entries.rows
    codes = bundle.source_codes
    return ListRows.of(
        [one.item for one in entries],
        [np.nan if one.score is None else one.score for one in entries],
        [codes[one.source] for one in entries],
        [-1 if one.evidence is None else one.evidence for one in entries],
        [-1 if one.evidence_count is None else one.evidence_count for one in entries],
    )


def propensities_of(entries: Sequence[Entry]) -> list[float]:
    """Return the propensities of entries; those of rows stand where they stand for sure."""
    if isinstance(entries, RowEntries):
        return [1.0] * len(entries)
    return [entry.propensity for entry in entries]


def personal_entries(bundle: "Bundle", user: int) -> RowEntries:
    """Return the list of a user as published."""
    return RowEntries(bundle, bundle.personal(user))


def pool_entries(bundle: "Bundle", user: int) -> RowEntries:
    """Return what follows the list of a user, best first."""
    return RowEntries(bundle, bundle.pool(user))


def popular_entries(bundle: "Bundle", segment: str | None) -> Iterator[Entry]:
    """Yield what is popular in a segment, or with all; none where that is not known."""
    rows = bundle.popular() if segment is None else bundle.popular(segment)
    source = "popular" if segment is None else "segment"
    for item, count in zip(rows.items.tolist(), rows.user_counts.tolist(), strict=True):
        yield Entry(item, None, source, None, count if count >= 0 else None)


def without(entries: Iterable[Entry], barred: Iterable[int]) -> list[Entry]:
    """Return entries whose item is not barred, each item once, at its best place."""
    known = list(entries)
    return [known[place] for place in open_places((entry.item for entry in known), barred)]
