"""Candidate generation: the best unseen items of every user, in bounded memory."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from ml.als import AlsModel, row_norms
from ml.interactions import InteractionMatrix, positions

BLOCK_USERS = 512
BLOCK_ITEMS = 16_384
BLOCK_PAIRS = 131_072
# Items whose best score stands for them in the search for the last score of a list.
GROUP_ITEMS = 32
# Items that tie, up to rounding, with the last one of a list and are looked at again.
TIES_KEPT = 64


def top_candidates(
    model: AlsModel, matrix: InteractionMatrix, limit: int, users: np.ndarray | None = None
) -> pd.DataFrame:
    """Score unseen items for every user and keep the best.

    Parameters
    ----------
    model : AlsModel
        Fitted on `matrix`.
    matrix : InteractionMatrix
        Its non-zero entries are the pairs that are not proposed again.
    limit : int
        Most candidates per user, >= 1.
    users : ndarray of shape (n,), optional
        User ids; all users of `matrix` when absent. A user who is not in
        `matrix` gets no rows, one named twice gets them once.

    Returns
    -------
    DataFrame
        ``user_id``, ``item_id``, ``candidate_rank`` (int64, from 1, no gaps)
        and ``candidate_score`` (float32, dimensionless, comparable only
        within one user), sorted by user and rank; equal scores are ordered by
        item id. A user who has seen nearly everything has fewer than `limit`
        rows.

    Raises
    ------
    ValueError
        If `limit` is below 1, or model and matrix differ in size.
    """
    blocks = list(top_candidate_blocks(model, matrix, limit, users))
    return pd.concat(blocks, ignore_index=True)


def top_candidate_blocks(
    model: AlsModel,
    matrix: InteractionMatrix,
    limit: int,
    users: np.ndarray | None = None,
    block_users: int = BLOCK_USERS,
    block_items: int = BLOCK_ITEMS,
) -> Iterator[pd.DataFrame]:
    """Yield the frames that `top_candidates` joins, one per block of users.

    Memory is bounded by the block, whatever the number of users and items:
    ``block_users * block_items`` float32 scores, a copy of them, and the kept
    pairs of the block.

    Parameters
    ----------
    model, matrix, limit, users
        As for `top_candidates`.
    block_users, block_items : int
        Users and items scored at once, >= 1; they do not change the result.

    Yields
    ------
    DataFrame
        As of `top_candidates`; at least one frame, which may be empty.

    Raises
    ------
    ValueError
        If `limit` or a block size is below 1, or model and matrix differ in
        size.
    """
    for name, value in {
        "limit": limit,
        "block_users": block_users,
        "block_items": block_items,
    }.items():
        if value < 1:
            raise ValueError(f"{name} must be >= 1, got {value}")
    _check_sizes(model, matrix)
    rows = _rows_of(matrix, users)
    return (
        _block_frame(model, matrix, rows[start : start + block_users], limit, block_items)
        for start in range(0, max(rows.size, 1), block_users)
    )


def score_pairs(
    model: AlsModel, matrix: InteractionMatrix, users: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """Score given pairs, seen ones too.

    Parameters
    ----------
    model : AlsModel
        Fitted on `matrix`.
    matrix : InteractionMatrix
        Names the rows and columns.
    users, items : ndarray of shape (n,)
        Ids of the pairs.

    Returns
    -------
    ndarray of shape (n,), float32
        The same score as `candidate_score`; nan where user or item is not in
        `matrix`.

    Raises
    ------
    ValueError
        If `users` and `items` differ in length, or model and matrix in size.
    """
    _check_sizes(model, matrix)
    if len(users) != len(items):
        raise ValueError(f"{len(users)} users but {len(items)} items")
    rows = positions(matrix.user_ids, users)
    columns = positions(matrix.item_ids, items)
    known = (rows >= 0) & (columns >= 0)
    scores = np.full(len(rows), np.nan, dtype=np.float32)
    scores[known] = _exact_scores(model, rows[known], columns[known])
    return scores


def _check_sizes(model: AlsModel, matrix: InteractionMatrix) -> None:
    """Refuse a model that was fitted on another matrix."""
    fitted = (model.user_factors.shape[0], model.item_factors.shape[0])
    if fitted != matrix.weights.shape:
        raise ValueError(f"the model has {fitted} users and items, got {matrix.weights.shape}")


def _rows_of(matrix: InteractionMatrix, users: np.ndarray | None) -> np.ndarray:
    """Rows of the wanted users, ascending, strangers left out."""
    if users is None:
        return np.arange(matrix.user_ids.size)
    rows = np.unique(positions(matrix.user_ids, users))
    return rows[rows >= 0]


def _block_frame(
    model: AlsModel, matrix: InteractionMatrix, rows: np.ndarray, limit: int, block_items: int
) -> pd.DataFrame:
    """Candidates of the users in `rows`."""
    with threadpool_limits(1, "blas"):
        places, columns = _contenders(model, matrix.weights[rows], rows, limit, block_items)
    scores = _exact_scores(model, rows[places], columns)
    order = np.lexsort((columns, -scores, places))
    places, columns, scores = places[order], columns[order], scores[order]
    ranks = _counts_within(places) + 1
    kept = ranks <= limit
    return pd.DataFrame(
        {
            "user_id": matrix.user_ids[rows[places[kept]]],
            "item_id": matrix.item_ids[columns[kept]],
            "candidate_rank": ranks[kept],
            "candidate_score": scores[kept],
        }
    )


def _contenders(
    model: AlsModel, seen: csr_matrix, rows: np.ndarray, limit: int, block_items: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (place in `rows`, column) that may be among the best, by item block."""
    vectors = model.user_factors[rows]
    # Blocks add up in another order: scores this close cannot be told apart yet.
    spread = 4 * np.sqrt(vectors.shape[1]) * np.finfo(np.float32).eps
    longest = row_norms(model.item_factors).max()
    noise = (spread * longest * row_norms(vectors)).astype(np.float32)
    best = np.full((rows.size, limit), -np.inf, dtype=np.float32)
    buffer = np.empty(rows.size * min(block_items, model.item_factors.shape[0]), dtype=np.float32)
    places, columns = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    for start in range(0, model.item_factors.shape[0], block_items):
        items = model.item_factors[start : start + block_items]
        scores = buffer[: rows.size * len(items)].reshape(rows.size, len(items))
        np.matmul(vectors, items.T, out=scores)
        hidden = seen[:, start : start + block_items].tocoo()
        scores[hidden.row, hidden.col] = -np.inf
        best = _raised(best, scores)
        new_places, new_columns = _reaching(scores, best.min(axis=1), noise, limit)
        places, columns = np.r_[places, new_places], np.r_[columns, new_columns + start]
    return places, columns


def _raised(best: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Largest of `best` and of the maxima of groups of scores, as many as `best` has.

    The smallest of them is reached by at least as many items: a bound of the last score of a list
    that costs one pass over the scores, where sorting them would cost more than making them.
    """
    limit = best.shape[1]
    group = max(1, min(GROUP_ITEMS, scores.shape[1] // (2 * limit)))
    width = scores.shape[1] // group
    grouped = scores[:, : group * width].reshape(len(scores), group, width)
    every = np.concatenate([best, grouped.max(axis=1), scores[:, group * width :]], axis=1)
    return np.partition(every, -limit, axis=1)[:, -limit:]


def _reaching(
    scores: np.ndarray, floor: np.ndarray, noise: np.ndarray, limit: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs whose score reaches the floor of their row, up to rounding."""
    found = np.flatnonzero(scores >= (floor - noise)[:, None])
    places, columns = np.divmod(found, scores.shape[1])
    values = scores.ravel()[found]
    shown = values > -np.inf
    places, columns, values = places[shown], columns[shown], values[shown]
    # A row of equal scores would keep every item: of the ties, the first ids suffice.
    tied = values <= (floor + noise)[places]
    kept = ~tied
    kept[tied] = _counts_within(places[tied]) < limit + TIES_KEPT
    return places[kept], columns[kept]


def _exact_scores(model: AlsModel, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Dot products that do not depend on which pairs are asked for together."""
    scores = np.empty(rows.size, dtype=np.float32)
    for start in range(0, rows.size, BLOCK_PAIRS):
        part = slice(start, start + BLOCK_PAIRS)
        products = model.user_factors[rows[part]] * model.item_factors[columns[part]]
        scores[part] = products.sum(axis=1, dtype=np.float64)
    return scores


def _counts_within(groups: np.ndarray) -> np.ndarray:
    """Count the earlier entries of the same group; `groups` is sorted."""
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]]) if groups.size else groups
    sizes = np.diff(np.r_[starts, groups.size])
    return np.arange(groups.size) - np.repeat(starts, sizes)
