"""Matrix factorisation for implicit feedback by alternating least squares."""

from dataclasses import dataclass

import numba
import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from ml.als_solver import solve_rows
from ml.interactions import InteractionMatrix

# Steps of conjugate gradients: within an alternation, where the other side is wrong as well, and
# at the end, where the solution must be exact.
STEPS = 3
LAST_STEPS = 100


@dataclass(frozen=True)
class AlsParams:
    """Hyper-parameters of weighted matrix factorisation.

    Attributes
    ----------
    factors : int
        Length of a user's and an item's vector, >= 1.
    unobserved_weight : float
        How much every pair of user and item, observed or not, is held to be zero, against an
        observed pair of weight 1, > 0; alpha_0 in the reference of `fit_als`.
    regularization : float
        Weight of the squared norm of a vector that is fitted on as much as the mean one, > 0.
    frequency_exponent : float
        By which power the penalty of a vector grows with what it is fitted on, in [0, 1]; nu in
        the reference. At 0 it is `regularization` for all.
    start_scale : float
        Expected length of the random vectors to start from, > 0.
    iterations : int
        Alternations, >= 1.
    seed : int
        Of the starting point, >= 0.
    """

    factors: int = 64
    unobserved_weight: float = 0.25
    regularization: float = 8.0
    frequency_exponent: float = 0.0
    start_scale: float = 0.1
    iterations: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values for which the equations have no unique solution, or no start."""
        for name, least in (("factors", 1), ("iterations", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be >= {least}, got {getattr(self, name)}")
        for name in ("unobserved_weight", "regularization", "start_scale"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be > 0 and finite, got {getattr(self, name)}")
        if not 0 <= self.frequency_exponent <= 1:
            raise ValueError(f"frequency_exponent must be in [0, 1], got {self.frequency_exponent}")


@dataclass(frozen=True)
class AlsModel:
    """Fitted vectors, in the order of an `InteractionMatrix`.

    Attributes
    ----------
    user_factors : ndarray of shape (n_users, factors), float32
        Row ``u`` belongs to ``matrix.user_ids[u]``.
    item_factors : ndarray of shape (n_items, factors), float32
        Row ``i`` belongs to ``matrix.item_ids[i]``.
    params : AlsParams
        Used to fit; folding in a new user needs the same.
    mean_user_size : float
        What the vector of a user is fitted on, the mean over the users: summed weights of the own
        pairs and of the unobserved ones. Folding in needs it where `frequency_exponent` is not 0.

    Raises
    ------
    ValueError
        If a score of a user and an item could not be finite.
    """

    user_factors: np.ndarray
    item_factors: np.ndarray
    params: AlsParams
    mean_user_size: float = 1.0

    def __post_init__(self) -> None:
        """Refuse vectors that would make scores infinite or nan."""
        for name in ("user_factors", "item_factors"):
            refused = int((~np.isfinite(getattr(self, name)).all(axis=1)).sum())
            if refused:
                raise ValueError(f"{refused} {name} are not finite; raise regularization")
        largest = row_norms(self.user_factors).max() * row_norms(self.item_factors).max()
        if not largest <= np.finfo(np.float32).max:
            raise ValueError(f"scores must be <= the largest float32, may reach {largest:.3g}")


def fit_als(matrix: InteractionMatrix, params: AlsParams, threads: int = 1) -> AlsModel:
    """Factorise the interaction matrix for implicit feedback.

    Minimises ``sum_S w_ui (1 - x_u . y_i)^2 + alpha_0 sum_all (x_u . y_i)^2 + sum_u reg_u |x_u|^2
    + sum_i reg_i |y_i|^2`` where ``S`` are the pairs of `matrix`, and the penalties grow with what
    a vector is fitted on: ``reg_u = reg (size_u / mean size)^nu`` with ``size_u = sum_i w_ui +
    alpha_0 n_items``, items likewise. Divided by the mean, `regularization` keeps its meaning
    whatever the exponent. The vectors of the users are the exact solution for those of the items,
    as `fold_in_user` is.

    Parameters
    ----------
    matrix : InteractionMatrix
        Training pairs.
    params : AlsParams
        Equal parameters and matrix give equal factors on one machine.
    threads : int
        Processor threads, >= 1; does not change the result.

    Returns
    -------
    AlsModel
        Vectors of every user and item of `matrix`.

    Raises
    ------
    ValueError
        If `threads` is below 1, or the scores do not stay finite.

    References
    ----------
    Rendle, Krichene, Zhang, Koren (2021), "Revisiting the Performance of iALS on Item
    Recommendation Benchmarks", RecSys 2022, equations 1-4, with weighted pairs as in Hu, Koren,
    Volinsky (2008), "Collaborative Filtering for Implicit Feedback Datasets", ICDM.
    """
    if threads < 1:
        raise ValueError(f"threads must be >= 1, got {threads}")
    by_user = matrix.weights.tocsr()
    by_item = by_user.T.tocsr()
    random = np.random.default_rng(params.seed)
    scale = params.start_scale / np.sqrt(params.factors)
    users, items = (
        random.normal(0, scale, (size, params.factors)).astype(np.float32) for size in by_user.shape
    )
    user_sizes, item_sizes = _sizes(by_user, params), _sizes(by_item, params)
    user_ridges, item_ridges = _ridges(user_sizes, params), _ridges(item_sizes, params)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    # One BLAS thread: more of them fight with numba's own, and add up in another order.
    with threadpool_limits(1, "blas"):
        for _ in range(params.iterations):
            _solve(by_user, items, user_ridges, params, STEPS, users)
            _solve(by_item, users, item_ridges, params, STEPS, items)
        _solve(by_user, items, user_ridges, params, LAST_STEPS, users)
    return AlsModel(users, items, params, float(user_sizes.mean()))


def fold_in_user(
    model: AlsModel, gram: np.ndarray, columns: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Solve for the vector of one user with the item vectors held fixed.

    Parameters
    ----------
    model : AlsModel
        Fitted model.
    gram : ndarray of shape (factors, factors)
        ``item_factors.T @ item_factors`` in float64, computed once for all
        users.
    columns : ndarray of shape (n,), int
        Columns of the items the user interacted with, each once.
    weights : ndarray of shape (n,)
        Their weights, > 0.

    Returns
    -------
    ndarray of shape (factors,), float32
        The exact minimiser; zeros for a user without items.

    References
    ----------
    As of `fit_als`.
    """
    weights = np.asarray(weights, dtype=np.float64)
    vectors = model.item_factors[columns].astype(np.float64)
    normal = user_equations(model, gram, vectors, weights)
    return np.linalg.solve(normal, vectors.T @ weights).astype(np.float32)


def user_equations(
    model: AlsModel, gram: np.ndarray, vectors: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Matrix of the normal equations of one user.

    Parameters
    ----------
    model : AlsModel
        Fitted model.
    gram : ndarray of shape (factors, factors)
        As for `fold_in_user`.
    vectors : ndarray of shape (n, factors), float64
        Vectors of the items the user interacted with.
    weights : ndarray of shape (n,), float64
        Their weights, > 0.

    Returns
    -------
    ndarray of shape (factors, factors), float64
        ``A`` of ``A x_u = sum_i w_ui y_i``; symmetric, positive definite.
    """
    params = model.params
    size = weights.sum() + params.unobserved_weight * len(model.item_factors)
    ridge = params.regularization * (size / model.mean_user_size) ** params.frequency_exponent
    observed = vectors.T @ (weights[:, None] * vectors)
    return params.unobserved_weight * gram + ridge * np.eye(gram.shape[0]) + observed


def _sizes(weights: csr_matrix, params: AlsParams) -> np.ndarray:
    """Return what the vector of each row is fitted on, float64."""
    observed = np.asarray(weights.sum(axis=1, dtype=np.float64)).ravel()
    return observed + params.unobserved_weight * weights.shape[1]


def _ridges(sizes: np.ndarray, params: AlsParams) -> np.ndarray:
    """Penalty of each row, float32."""
    relative = sizes / sizes.mean()
    return (params.regularization * relative**params.frequency_exponent).astype(np.float32)


def _solve(
    weights: csr_matrix,
    fixed: np.ndarray,
    ridges: np.ndarray,
    params: AlsParams,
    steps: int,
    vectors: np.ndarray,
) -> None:
    """Improve the vectors of one side, in place."""
    gram = np.float32(params.unobserved_weight) * (fixed.T @ fixed)
    solve_rows(weights.indptr, weights.indices, weights.data, fixed, gram, ridges, steps, vectors)


def row_norms(vectors: np.ndarray) -> np.ndarray:
    """Length of each vector, float64."""
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
