"""Matrix factorisation for implicit feedback by alternating least squares."""

from dataclasses import dataclass

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from ml.interactions import InteractionMatrix


@dataclass(frozen=True)
class AlsParams:
    """Hyper-parameters of weighted matrix factorisation.

    Attributes
    ----------
    factors : int
        Length of a user's and an item's vector, >= 1.
    regularization : float
        Weight of the squared norms of the vectors, > 0. The default suits logs
        of thousands of pairs; one much above the sum of a small log's
        confidences pulls all vectors to zero.
    confidence : float
        How often a pair of weight 1 counts, in unobserved pairs, > 0.
    iterations : int
        Alternations, >= 1.
    seed : int
        Of the starting point.
    """

    factors: int = 64
    regularization: float = 32.0
    confidence: float = 4.0
    iterations: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values for which the equations have no unique solution."""
        for name in ("factors", "iterations"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("regularization", "confidence"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be > 0 and finite, got {getattr(self, name)}")


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

    Raises
    ------
    ValueError
        If a score of a user and an item could not be finite.
    """

    user_factors: np.ndarray
    item_factors: np.ndarray
    params: AlsParams

    def __post_init__(self) -> None:
        """Refuse vectors that would make scores infinite or nan."""
        for name in ("user_factors", "item_factors"):
            refused = int((~np.isfinite(getattr(self, name)).all(axis=1)).sum())
            if refused:
                raise ValueError(
                    f"{refused} {name} are not finite; lower confidence or raise regularization"
                )
        largest = row_norms(self.user_factors).max() * row_norms(self.item_factors).max()
        if not largest <= np.finfo(np.float32).max:
            raise ValueError(f"scores must be <= the largest float32, may reach {largest:.3g}")


def fit_als(matrix: InteractionMatrix, params: AlsParams, threads: int = 1) -> AlsModel:
    """Factorise the interaction matrix for implicit feedback.

    Minimises ``sum_ui c_ui (p_ui - x_u . y_i)^2 + reg (|x|^2 + |y|^2)`` with
    ``p_ui = 1`` and ``c_ui = confidence * w_ui`` for the pairs of `matrix`,
    ``p_ui = 0`` and ``c_ui = 1`` for all others. So a faded pair may count
    less than an unobserved one, unlike with ``c_ui = 1 + confidence * w_ui``.

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
    Hu, Koren, Volinsky (2008), "Collaborative Filtering for Implicit
    Feedback Datasets", ICDM, equations 3-5, with another c_ui. Solved by conjugate gradients:
    Takács, Pilászy, Tikk (2011), RecSys.
    """
    if threads < 1:
        raise ValueError(f"threads must be >= 1, got {threads}")
    # One BLAS thread: more of them fight with implicit's own, and add up in another order.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=params.factors,
            regularization=params.regularization,
            alpha=params.confidence,
            iterations=params.iterations,
            random_state=params.seed,
            num_threads=threads,
        )
        model.fit(matrix.weights, show_progress=False)
    return AlsModel(model.user_factors, model.item_factors, params)


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
    Hu, Koren, Volinsky (2008), equation 4.
    """
    vectors = model.item_factors[columns].astype(np.float64)
    confidences = model.params.confidence * np.asarray(weights, dtype=np.float64)
    ridge = model.params.regularization * np.eye(gram.shape[0])
    # `gram` counts every item once; the user's own are lifted from 1 to their confidence.
    normal = gram + ridge + vectors.T @ ((confidences - 1.0)[:, None] * vectors)
    return np.linalg.solve(normal, vectors.T @ confidences).astype(np.float32)


def row_norms(vectors: np.ndarray) -> np.ndarray:
    """Length of each vector, float64."""
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
