"""Scores of all items by factorisation, and the best of them, in one pass over their vectors."""

import numba
import numpy as np
import scipy.linalg  # noqa: F401  numba multiplies with SciPy's BLAS; loaded before its threads are limited

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
    rows = np.empty((len(vectors), min(count, len(factors))), dtype=np.int64)
    sizes = _scan(factors, np.ascontiguousarray(vectors), is_open, scores, rows)
    best = []
    for own_scores, own_rows, size in zip(scores, rows, sizes.tolist(), strict=True):
        found = own_rows[:size]
        best.append(found[np.lexsort((found, -own_scores[found]))])
    return scores, best


@numba.njit(cache=True, nogil=True)
def _scan(
    factors: np.ndarray,
    vectors: np.ndarray,
    is_open: np.ndarray,
    scores: np.ndarray,
    rows: np.ndarray,
) -> np.ndarray:
    """Fill the scores, and for each vector a heap of the best rows; return the sizes of these."""
    for start in range(0, factors.shape[0], ROWS_AT_A_TIME):
        end = min(start + ROWS_AT_A_TIME, factors.shape[0])
        for one in range(vectors.shape[0]):
            np.dot(factors[start:end], vectors[one], scores[one, start:end])
    sizes = np.zeros(vectors.shape[0], dtype=np.int64)
    for one in range(vectors.shape[0]):
        sizes[one] = _keep_best(scores[one], is_open, rows[one])
    return sizes


@numba.njit(cache=True, nogil=True)
def _keep_best(scores: np.ndarray, is_open: np.ndarray, heap: np.ndarray) -> int:
    """Make a heap of the best open rows, the worst of them on top; return how many there are."""
    size = 0
    for row in range(scores.size):
        # An equal one that comes later is worse.
        is_full = size == heap.size
        if (is_full and not scores[row] > scores[heap[0]]) or not is_open[row]:
            continue
        if is_full:
            _sink(scores, heap, row)
        else:
            _rise(scores, heap, size, row)
            size += 1
    return size


@numba.njit(cache=True, nogil=True)
def _is_worse(scores: np.ndarray, one: int, other: int) -> bool:
    """Tell whether a row comes after another one."""
    return scores[one] < scores[other] or (scores[one] == scores[other] and one > other)


@numba.njit(cache=True, nogil=True)
def _rise(scores: np.ndarray, heap: np.ndarray, place: int, row: int) -> None:
    """Put a row at the end of a heap, and let it rise above better ones."""
    while place > 0:
        above = (place - 1) // 2
        if not _is_worse(scores, row, heap[above]):
            break
        heap[place] = heap[above]
        place = above
    heap[place] = row


@numba.njit(cache=True, nogil=True)
def _sink(scores: np.ndarray, heap: np.ndarray, row: int) -> None:
    """Put a row in the place of the worst one, and let it sink below worse ones."""
    place = 0
    while True:
        below = 2 * place + 1
        if below >= heap.size:
            break
        if below + 1 < heap.size and _is_worse(scores, heap[below + 1], heap[below]):
            below += 1
        if not _is_worse(scores, heap[below], row):
            break
        heap[place] = heap[below]
        place = below
    heap[place] = row
