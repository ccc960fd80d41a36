"""Conjugate gradients for many small ridge regressions that share one dense part."""

import numba
import numpy as np

# A residual this much shorter than the right side cannot be told from rounding.
CONVERGED = 1e-12


@numba.njit(parallel=True, fastmath=True, cache=True)
def solve_rows(
    starts: np.ndarray,
    columns: np.ndarray,
    weights: np.ndarray,
    fixed: np.ndarray,
    gram: np.ndarray,
    ridges: np.ndarray,
    steps: int,
    vectors: np.ndarray,
) -> None:
    """Improve every row's vector, starting from the one it has.

    Row ``u`` solves ``(gram + ridges[u] I + sum_k w_k y_k y_k^T) x = sum_k w_k y_k`` over its
    entries ``k``. The matrix is never formed: a step costs two products with vectors of length d
    an entry and one with `gram`. Each row is worked on by one thread, so the number of threads
    does not change the result.

    Parameters
    ----------
    starts : ndarray of shape (n + 1,), int
        Where the entries of each row begin (``indptr`` of a csr_matrix).
    columns : ndarray of shape (nnz,), int
        Rows of `fixed`.
    weights : ndarray of shape (nnz,), float32
        Weights of the entries, > 0.
    fixed : ndarray of shape (m, d), float32
        Vectors of the other side.
    gram : ndarray of shape (d, d), float32
        What all rows share, ``alpha fixed^T fixed``.
    ridges : ndarray of shape (n,), float32
        Ridge penalty of each row, > 0.
    steps : int
        Most steps, >= 1; fewer when a row has converged.
    vectors : ndarray of shape (n, d), float32
        Changed in place. A row without entries becomes zero, its exact solution.

    References
    ----------
    Takács, Pilászy, Tikk (2011), "Applications of the Conjugate Gradient Method for Implicit
    Feedback Collaborative Filtering", RecSys, algorithm 1.
    """
    depth = fixed.shape[1]
    for row in numba.prange(starts.size - 1):
        first, last = starts[row], starts[row + 1]
        if first == last:
            vectors[row] = 0
            continue
        ridge = ridges[row]
        vector = vectors[row].copy()
        residual = -(np.dot(gram, vector) + ridge * vector)
        size = np.float32(0)
        for entry in range(first, last):
            other = fixed[columns[entry]]
            missed = weights[entry] * (np.float32(1) - np.dot(other, vector))
            for place in range(depth):
                residual[place] += missed * other[place]
            size += weights[entry] * weights[entry] * np.dot(other, other)
        direction = residual.copy()
        length = np.dot(residual, residual)
        for _ in range(steps):
            if length <= CONVERGED * size:
                break
            image = np.dot(gram, direction) + ridge * direction
            for entry in range(first, last):
                other = fixed[columns[entry]]
                product = weights[entry] * np.dot(other, direction)
                for place in range(depth):
                    image[place] += product * other[place]
            stride = length / np.dot(direction, image)
            for place in range(depth):
                vector[place] += stride * direction[place]
                residual[place] -= stride * image[place]
            previous, length = length, np.dot(residual, residual)
            ratio = length / previous
            for place in range(depth):
                direction[place] = residual[place] + ratio * direction[place]
        vectors[row] = vector
