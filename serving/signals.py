"""What factorisation and co-visitation say of items, for a user as known at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.als import fold_in_user
from serving.bundle import Bundle
from serving.covisited import Covisited, covisited_with
from serving.factor_scores import scores_and_best

# As many as the runs propose.
ALS_PROPOSED = 100


@dataclass(frozen=True)
class Liking:
    """What speaks for a user at a moment.

    Attributes
    ----------
    items, weights : ndarray of shape (n,)
        Liked items, ascending, and their weights: what the vector is fitted on.
    strengths : dict of int to float
        Items whose neighbours are proposed, and how loudly each speaks, in (0, 1].
    """

    items: np.ndarray
    weights: np.ndarray
    strengths: dict[int, float]


@dataclass(frozen=True)
class Signals:
    """Signals for the items of a release.

    Attributes
    ----------
    factor_scores : ndarray, float32, optional
        Product of the user's vector with that of each item that has one, in the order of the
        factors; None without factorisation or items.
    als_order : ndarray of int
        Items that may be proposed, best first, at most 100.
    covisited : Covisited
        What goes with the items that speak for the user.
    """

    factor_scores: np.ndarray | None
    als_order: np.ndarray
    covisited: Covisited

    def als(self, bundle: Bundle, items: np.ndarray) -> np.ndarray:
        """Return the scores of some items by factorisation; nan for one that has no vector."""
        if self.factor_scores is None:
            return np.full(items.size, np.nan)
        rows = bundle.arrays["item_factor_row"][items]
        return np.where(rows >= 0, self.factor_scores[rows].astype(np.float64), np.nan)


def signals_of(bundle: Bundle, likings: Sequence[Liking], barred: np.ndarray) -> list[Signals]:
    """Compute the signals of a user, at several moments in one pass over the items.

    Parameters
    ----------
    bundle : Bundle
    likings : sequence of Liking
        What speaks for the user at each moment.
    barred : ndarray of int
        Items that may not be proposed.

    Returns
    -------
    list of Signals
        One for each of `likings`.
    """
    nothing = np.empty(0, dtype=np.int64)
    found = [Signals(None, nothing, covisited_with(bundle, liking.strengths)) for liking in likings]
    vectors = [folded_in(bundle, liking.items, liking.weights) for liking in likings]
    known = [place for place, vector in enumerate(vectors) if vector is not None]
    if bundle.als is None or not known:
        return found
    items, is_open = bundle.arrays["factor_item"], bundle.offered_factors.copy()
    rows = bundle.arrays["item_factor_row"][barred]
    is_open[rows[rows >= 0]] = False
    told = np.array([vectors[place] for place in known])
    scores, best = scores_and_best(bundle.als.item_factors, told, is_open, ALS_PROPOSED)
    for place, own_scores, own_best in zip(known, scores, best, strict=True):
        found[place] = Signals(own_scores, items[own_best], found[place].covisited)
    return found


def folded_in(bundle: Bundle, items: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """Return the vector of a user who likes some items, by the equations of the training.

    Parameters
    ----------
    bundle : Bundle
    items : ndarray of int
        Numbers of items, each once.
    weights : ndarray of float
        Their weights, > 0.

    Returns
    -------
    ndarray of shape (factors,), float32, or None
        None without factorisation, or if it knows none of the items.
    """
    if bundle.als is None:
        return None
    rows = bundle.arrays["item_factor_row"][items]
    known = rows >= 0
    if not known.any():
        return None
    return fold_in_user(bundle.als, bundle.arrays["gram"], rows[known], weights[known])
