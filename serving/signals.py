"""What factorisation and co-visitation say of items, for a user as known at a moment."""

from dataclasses import dataclass

import numpy as np

from ml.als import fold_in_user
from serving.bundle import Bundle
from serving.covisited import Covisited, covisited_with

# As many as the runs propose.
ALS_PROPOSED = 100
# How loudly what only the release knows speaks, where what was touched lately says 1.
KNOWN_STRENGTH = 0.5


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
    vector : ndarray of shape (factors,), float32, optional
        Of the user; None without factorisation or items.
    als_order : ndarray of int
        Items that may be proposed, best first, at most 100.
    covisited : Covisited
        What goes with the items that speak for the user.
    """

    vector: np.ndarray | None
    als_order: np.ndarray
    covisited: Covisited

    def als(self, bundle: Bundle, items: np.ndarray) -> np.ndarray:
        """Return the scores of some items by factorisation; nan for one that has no vector."""
        scores, factors = np.full(items.size, np.nan), bundle.rounded_factors
        if self.vector is not None and factors is not None:
            rows = bundle.arrays["item_factor_row"][items]
            has_vector = rows >= 0
            scores[has_vector] = factors.scores(self.vector, rows[has_vector])
        return scores


def signals_of(bundle: Bundle, liking: Liking, barred: np.ndarray) -> Signals:
    """Compute the signals of a user.

    Parameters
    ----------
    bundle : Bundle
    liking : Liking
        What speaks for the user.
    barred : ndarray of int
        Items that may not be proposed.
    """
    fold = _fold(bundle, liking.items, liking.weights, barred)
    return Signals(*fold, covisited_with(bundle, liking.strengths))


def signals_at_cutoff(bundle: Bundle, user: int) -> Signals:
    """Compute the signals of a user as they were before any recent event.

    Whoever acts asks for several lists, and this is the same for all of them.

    Parameters
    ----------
    bundle : Bundle
    user : int
        Number of the user in the release.
    """
    strengths = dict.fromkeys(bundle.history(user)[0].tolist(), KNOWN_STRENGTH)
    return Signals(*bundle.of_user(_fold_at_cutoff, user), covisited_with(bundle, strengths))


def _fold_at_cutoff(bundle: Bundle, user: int) -> tuple[np.ndarray | None, np.ndarray]:
    return _fold(bundle, *bundle.history(user), bundle.excluded(user))


def _fold(
    bundle: Bundle, items: np.ndarray, weights: np.ndarray, barred: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return `Signals.vector` and `Signals.als_order`."""
    vector, factors = folded_in(bundle, items, weights), bundle.rounded_factors
    if vector is None or factors is None:
        return None, np.empty(0, dtype=np.int64)
    is_open = bundle.offered_factors.copy()
    rows = bundle.arrays["item_factor_row"][barred]
    is_open[rows[rows >= 0]] = False
    return vector, bundle.arrays["factor_item"][factors.best(vector, is_open, ALS_PROPOSED)]


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
