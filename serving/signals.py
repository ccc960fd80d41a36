"""What factorisation and co-visitation say of items, for a user as known at a moment."""

from dataclasses import dataclass

import numpy as np

from ml.als import fold_in_user
from serving.bundle import Bundle
from serving.covisited import Covisited, covisited_with

# As many as the runs propose.
ALS_PROPOSED = 100


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


def signals_of(
    bundle: Bundle,
    liked: tuple[np.ndarray, np.ndarray],
    strengths: dict[int, float],
    barred: np.ndarray,
) -> Signals:
    """Compute the signals of a user.

    Parameters
    ----------
    bundle : Bundle
    liked : tuple of ndarray
        Items, ascending, and their weights: what the vector is fitted on.
    strengths : dict of int to float
        Items whose neighbours are proposed, and how loudly each speaks, in (0, 1].
    barred : ndarray of int
        Items that may not be proposed.
    """
    vector = folded_in(bundle, *liked)
    covisited = covisited_with(bundle, strengths)
    if vector is None or bundle.als is None:
        return Signals(None, np.empty(0, dtype=np.int64), covisited)
    scores = bundle.als.item_factors @ vector
    return Signals(scores, _best(scores, bundle, barred), covisited)


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


def _best(scores: np.ndarray, bundle: Bundle, barred: np.ndarray) -> np.ndarray:
    """Best items that may be offered, best first; of equal ones the first."""
    items = bundle.arrays["factor_item"]
    open_scores = np.where(bundle.offered_factors, scores, -np.inf)
    rows = bundle.arrays["item_factor_row"][barred]
    open_scores[rows[rows >= 0]] = -np.inf
    count = min(ALS_PROPOSED, open_scores.size)
    best = np.argpartition(open_scores, open_scores.size - count)[open_scores.size - count :]
    best = best[np.isfinite(open_scores[best])]
    return items[best[np.lexsort((items[best], -open_scores[best]))]]
