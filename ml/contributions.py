"""Which items of a user's history a score of the factorisation rests on."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from ml.als import AlsModel, user_equations
from ml.interactions import InteractionMatrix, positions

# Contributions of one user held at once, whatever the length of the history.
BLOCK_CELLS = 4_000_000


def user_contributions(
    model: AlsModel, gram: np.ndarray, columns: np.ndarray, weights: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Split scores of one user into what each item of the history adds.

    The vector of the user solves ``A x = sum_h w_h y_h`` over the items ``h``
    of the history, so the score of item ``i`` is the sum over ``h`` of
    ``w_h y_i . A^-1 y_h``.

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
    wanted : ndarray of shape (m,), int
        Columns of the items whose scores are split.

    Returns
    -------
    ndarray of shape (m, n), float64
        A row sums to the product of the item's vector and the one that
        `fold_in_user` returns; negative where the history speaks against the
        item.

    References
    ----------
    Hu, Koren, Volinsky (2008), ICDM, equation 7.
    """
    vectors = model.item_factors[columns].astype(np.float64)
    weights = np.asarray(weights, dtype=np.float64)
    normal = user_equations(model, gram, vectors, weights)
    asked = model.item_factors[wanted].astype(np.float64)
    return cho_solve(cho_factor(normal), asked.T).T @ (weights[:, None] * vectors).T


def contribution_blocks(
    model: AlsModel,
    matrix: InteractionMatrix,
    pairs: Iterator[pd.DataFrame],
    limit: int = 3,
    *,
    with_seen: bool = True,
) -> Iterator[pd.DataFrame]:
    """Yield for each pair the items of the user's history that speak most for it.

    Memory is bounded by the largest frame of `pairs` and `BLOCK_CELLS`.

    Parameters
    ----------
    model : AlsModel
        Fitted on `matrix`.
    matrix : InteractionMatrix
        Its rows are the histories.
    pairs : iterator of DataFrame
        ``user_id`` and ``item_id``, each pair once; pairs of a user or an
        item that `matrix` does not know are left out.
    limit : int
        Most items per pair, >= 1.
    with_seen : bool
        Whether pairs that are in `matrix` themselves are explained too.

    Yields
    ------
    DataFrame
        ``user_id``, ``item_id``, ``history_item_id``, ``contribution_rank``
        (int64, from 1, no gaps), ``contribution`` (float64, > 0, in the unit
        of ``candidate_score``; equal ones are ordered by item id) and
        ``history_count`` (int64: items that the score is the sum over), one
        frame per frame of `pairs`. A pair that nothing speaks for has no
        rows.

    Raises
    ------
    ValueError
        If `limit` is below 1, or model and matrix differ in size.
    """
    if limit < 1:
        raise ValueError(f"limit must be >= 1, got {limit}")
    fitted = (model.user_factors.shape[0], model.item_factors.shape[0])
    if fitted != matrix.weights.shape:
        raise ValueError(f"the model has {fitted} users and items, got {matrix.weights.shape}")
    factors = model.item_factors.astype(np.float64)
    gram = factors.T @ factors
    return (_block(model, gram, matrix, block, limit, with_seen) for block in pairs)


def _block(
    model: AlsModel,
    gram: np.ndarray,
    matrix: InteractionMatrix,
    pairs: pd.DataFrame,
    limit: int,
    with_seen: bool,
) -> pd.DataFrame:
    """Explain the pairs of one frame, user by user."""
    rows = positions(matrix.user_ids, pairs["user_id"].to_numpy())
    columns = positions(matrix.item_ids, pairs["item_id"].to_numpy())
    known = (rows >= 0) & (columns >= 0)
    order = np.lexsort((columns[known], rows[known]))
    rows, columns = rows[known][order], columns[known][order]
    if not with_seen and rows.size:
        unseen = np.asarray(matrix.weights[rows, columns]).ravel() == 0
        rows, columns = rows[unseen], columns[unseen]
    changes = np.flatnonzero(rows[1:] != rows[:-1]) + 1
    with threadpool_limits(1, "blas"):
        parts = [
            _user_rows(model, gram, matrix, int(rows[wanted[0]]), columns[wanted], limit)
            for places in np.split(np.arange(rows.size), changes)
            if places.size
            for wanted in _pieces(places, matrix, int(rows[places[0]]))
        ]
    found = pd.concat([_nothing(), *parts], ignore_index=True)
    return found.assign(
        user_id=matrix.user_ids[found["user_id"]],
        item_id=matrix.item_ids[found["item_id"]],
        history_item_id=matrix.item_ids[found["history_item_id"]],
    )


def _pieces(places: np.ndarray, matrix: InteractionMatrix, row: int) -> list[np.ndarray]:
    """Cut the pairs of a user with a long history."""
    history = int(matrix.weights.indptr[row + 1] - matrix.weights.indptr[row])
    size = max(BLOCK_CELLS // max(history, 1), 1)
    return [places[start : start + size] for start in range(0, places.size, size)]


def _user_rows(
    model: AlsModel,
    gram: np.ndarray,
    matrix: InteractionMatrix,
    row: int,
    wanted: np.ndarray,
    limit: int,
) -> pd.DataFrame:
    """Rank what speaks for the wanted items of one user; ids are still positions."""
    entries = slice(matrix.weights.indptr[row], matrix.weights.indptr[row + 1])
    columns = matrix.weights.indices[entries]
    shares = user_contributions(model, gram, columns, matrix.weights.data[entries], wanted)
    # Stable, and columns ascend by id: of equal contributions the lower id comes first.
    best = np.argsort(-shares, axis=1, kind="stable")[:, :limit]
    values = np.take_along_axis(shares, best, axis=1)
    places, ranks = np.nonzero(values > 0)
    return pd.DataFrame(
        {
            "user_id": np.full(places.size, row, dtype=np.int64),
            "item_id": wanted[places],
            "history_item_id": columns[best[places, ranks]].astype(np.int64),
            "contribution_rank": ranks + 1,
            "contribution": values[places, ranks],
            "history_count": np.full(places.size, columns.size, dtype=np.int64),
        }
    )


def _nothing() -> pd.DataFrame:
    """Make a frame without rows, whose columns have their types."""
    whole = ["user_id", "item_id", "history_item_id", "contribution_rank", "history_count"]
    columns = {name: np.empty(0, dtype=np.int64) for name in whole}
    return pd.DataFrame({**columns, "contribution": np.empty(0)})
