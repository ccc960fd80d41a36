"""The best items by factorisation, found by rounded vectors and judged by their own.

To read the vectors of all items takes longer than to multiply them. Rounded to a byte a factor they
are a quarter as large, and how far a rounded product is off at most is known: only the few items
that could be among the best are multiplied anew.
"""

from heapq import heapreplace

import numba
import numpy as np

# Vectors are rounded to whole steps from -127 to 127.
STEPS = 127
ROWS_AT_A_TIME = 65_536
EPSILON = float(np.finfo(np.float32).eps)


class RoundedFactors:
    """Vectors of items, in two precisions.

    Parameters
    ----------
    factors : ndarray of shape (n_items, n_factors), float32
        Vectors of items; only those of the best ones are read, after the rounded ones were made.
    """

    def __init__(self, factors: np.ndarray) -> None:
        self._factors = factors
        self._rounded = np.empty(factors.shape, dtype=np.int8)
        self._steps = np.empty(len(factors), dtype=np.float32)
        for start in range(0, len(factors), ROWS_AT_A_TIME):
            rows = slice(start, start + ROWS_AT_A_TIME)
            steps = np.abs(factors[rows]).max(axis=1, initial=0.0) / np.float32(STEPS)
            # Of a vector of zeros, or of hardly more, nothing is left; that is within the error.
            steps = np.maximum(steps, np.finfo(np.float32).tiny)
            self._rounded[rows] = np.rint(factors[rows] / steps[:, None])
            self._steps[rows] = steps

    def scores(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the products of a user's vector with those of some items.

        They are those of `ml.candidates.score_pairs`: that of an item does not depend on which
        others are asked for with it.

        Parameters
        ----------
        vector : ndarray of shape (n_factors,), float32
        rows : ndarray of shape (n,), int
            Of the factors.

        Returns
        -------
        ndarray of shape (n,), float32
        """
        return _products(self._factors[rows], vector)

    def best(self, vector: np.ndarray, is_open: np.ndarray, count: int) -> np.ndarray:
        """Find the open items with the largest products.

        Parameters
        ----------
        vector : ndarray of shape (n_factors,), float32
            Of a user.
        is_open : ndarray of shape (n_items,), bool
            Which items may be among the best.
        count : int
            How many are wanted, >= 1.

        Returns
        -------
        ndarray of int
            Rows of the factors, at most `count`, best first, of equal ones the first.

        Raises
        ------
        ValueError
            If the user has other factors than the items, or there are other items.
        """
        if (is_open.size, vector.size) != self._factors.shape:
            raise ValueError(
                f"items and factors must be {self._factors.shape}, got {is_open.size, vector.size}"
            )
        size = np.abs(vector.astype(np.float64)).sum()
        # A factor is off by half a step, and both sums by what float32 cannot hold.
        error = np.float32(size * (0.5 + 2 * STEPS * vector.size * EPSILON))
        rows = _near_best(self._rounded, self._steps, vector, error, is_open, count)
        scores = self.scores(vector, rows)
        return rows[np.lexsort((rows, -scores))[:count]]


# Sums in any order, so that several products are made at a time.
@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _near_best(
    rounded: np.ndarray,
    steps: np.ndarray,
    vector: np.ndarray,
    error: np.float32,
    is_open: np.ndarray,
    count: int,
) -> np.ndarray:
    """Return the open rows that could be among the best, ascending.

    Parameters
    ----------
    error : float32
        By how many steps of its row a product may be off.
    """
    found = np.empty(rounded.shape[0], dtype=np.int64)
    most = np.empty(rounded.shape[0], dtype=np.float32)
    size = 0
    # The least that each of the best ones comes to, the smallest on top; it only rises.
    least = [np.float32(-np.inf) for _ in range(count)]
    for row in range(rounded.shape[0]):
        product = np.float32(0)
        for factor in range(rounded.shape[1]):
            product += np.float32(rounded[row, factor]) * vector[factor]
        if (product + error) * steps[row] >= least[0] and is_open[row]:
            found[size], most[size] = row, (product + error) * steps[row]
            size += 1
            if (product - error) * steps[row] > least[0]:
                heapreplace(least, (product - error) * steps[row])
    return found[:size][most[:size] >= least[0]]


# One after the other and all in the same order: equal vectors have equal products, which those of
# BLAS are not. Terms and result have the precision of the published scores, sums a higher one.
@numba.njit(cache=True, nogil=True, fastmath={"reassoc"})
def _products(vectors: np.ndarray, vector: np.ndarray) -> np.ndarray:
    products = np.empty(vectors.shape[0], dtype=np.float32)
    for row in range(vectors.shape[0]):
        product = 0.0
        for factor in range(vectors.shape[1]):
            product += np.float64(vectors[row, factor] * vector[factor])
        products[row] = product
    return products
