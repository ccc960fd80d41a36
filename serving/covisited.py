"""What the neighbours of touched items say of other items."""

from dataclasses import dataclass

import numpy as np

from serving.bundle import Bundle

# As many as the runs propose.
PROPOSED = 80
# Newest items whose neighbours are looked at.
ITEMS_FOLLOWED = 200
NEIGHBOUR_SOURCE = "covisitation"


@dataclass(frozen=True)
class Covisited:
    """Items that go with touched ones; arrays of the same length.

    Attributes
    ----------
    items : ndarray of int
        Numbers, ascending, each once.
    scores : ndarray of float64
        Summed contributions.
    counts, supports : ndarray of int
        How many contributions there are, and their summed support.
    best : ndarray of float64
        The largest contribution.
    evidence : ndarray of int
        The touched item that it comes from, of equal ones the loudest.
    """

    items: np.ndarray
    scores: np.ndarray
    counts: np.ndarray
    supports: np.ndarray
    best: np.ndarray
    evidence: np.ndarray

    def ranked(self) -> np.ndarray:
        """Return the places of the items, best first; of equal ones the first."""
        return np.lexsort((self.items, -self.scores))

    def places(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return for each item its place, and whether it is there; if not, the place says nothing.

        Parameters
        ----------
        items : ndarray of shape (n,), int
            In any order.
        """
        if not self.items.size:
            return np.zeros(items.size, dtype=np.int64), np.zeros(items.size, dtype=bool)
        places = np.minimum(np.searchsorted(self.items, items), self.items.size - 1)
        return places, self.items[places] == items

    def scores_of(self, items: np.ndarray) -> np.ndarray:
        """Return the scores of some items; 0 for those that are not there."""
        places, is_there = self.places(items)
        return np.where(is_there, self.scores[places], 0.0) if self.items.size else 0.0 * items


def covisited_with(bundle: Bundle, strengths: dict[int, float]) -> Covisited:
    """Sum what the neighbours of touched items contribute.

    Parameters
    ----------
    bundle : Bundle
    strengths : dict of int to float
        Touched items, and how loudly each speaks, in (0, 1].
    """
    wanted = bundle.sources.index(NEIGHBOUR_SOURCE) if NEIGHBOUR_SOURCE in bundle.sources else -1
    loudest = sorted(strengths.items(), key=lambda pair: (-pair[1], pair[0]))[:ITEMS_FOLLOWED]
    touched = np.array([item for item, _ in loudest], dtype=np.int64)
    loudness = np.array([strength for _, strength in loudest], dtype=np.float64)
    speakers, rows = bundle.neighbours_of(touched)
    is_wanted = rows.sources == wanted
    speakers = speakers[is_wanted]
    parts = rows.scores[is_wanted].astype(np.float64) * loudness[speakers]
    items, places, counts = np.unique(
        rows.items[is_wanted], return_inverse=True, return_counts=True
    )
    # By item, the largest contribution first, of equal ones that of the loudest.
    order = np.lexsort((-parts, places))
    first = order[np.cumsum(counts) - counts]
    return Covisited(
        items=items.astype(np.int64),
        scores=np.bincount(places, parts, items.size),
        counts=counts,
        supports=np.bincount(places, rows.supports[is_wanted], items.size).astype(np.int64),
        best=parts[first],
        evidence=touched[speakers[first]],
    )
