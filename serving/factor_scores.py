"""Scores of all items by factorisation, and the best of them, in one pass over their vectors."""

from heapq import heapreplace

import numba
import numpy as np

# numba multiplies with SciPy's BLAS: it has to be there when the threads of BLAS are limited.
import scipy.linalg  # noqa: F401

# Their vectors stay in the cache of a core until all users' products with them are there.
ROWS_AT_A_TIME = 4096


def scores_and_best(
    factors: np.ndarray, vectors: np.ndarray, is_open: np.ndarray, count: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Score every item for some vectors of users, and find the best open ones.

    What takes time is to read the vectors of all items, so they are read once for all users.

    Parameters
    ----------
    factors : ndarray of shape (n_items, n_factors), float32
        Vectors of items.
    vectors : ndarray of shape (n, n_factors), float32
        Vectors of users.
    is_open : ndarray of shape (n_items,), bool
        Which items may be among the best.
    count : int
        How many are wanted, >= 1.

    Returns
    -------
    ndarray of shape (n, n_items), float32, and list of n ndarray of int
        The inner products; for each vector the rows of the open items with the largest ones, at
        most `count`, best first, of equal ones the first.
    """
    scores = np.empty((len(vectors), len(factors)), dtype=np.float32)
    rows = np.empty((len(vectors), count), dtype=np.int64)
    _scan(factors, vectors, is_open, scores, rows)
    best = []
    for own_scores, own_rows in zip(scores, rows, strict=True):
        found = own_rows[own_rows < len(factors)]
        best.append(found[np.lexsort((found, -own_scores[found]))])
    return scores, best


@numba.njit(cache=True, nogil=True)
def _scan(
    factors: np.ndarray,
    vectors: np.ndarray,
    is_open: np.ndarray,
    scores: np.ndarray,
    rows: np.ndarray,
) -> None:
    """Fill the scores, and the best open rows in any order; behind the last row if too few are."""
    for start in range(0, factors.shape[0], ROWS_AT_A_TIME):
        end = min(start + ROWS_AT_A_TIME, factors.shape[0])
        for one in range(vectors.shape[0]):
            np.dot(factors[start:end], vectors[one], scores[one, start:end])
    for one in range(vectors.shape[0]):
        # The worst on top: of equal scores the one that came last.
        heap = [(np.float32(-np.inf), -factors.shape[0]) for _ in range(rows.shape[1])]
        for row in range(factors.shape[0]):
            if scores[one, row] > heap[0][0] and is_open[row]:
                heapreplace(heap, (scores[one, row], -row))
        for place in range(rows.shape[1]):
            rows[one, place] = -heap[place][1]
