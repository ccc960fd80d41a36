"""Candidates among the items nobody has touched yet."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from ml.als import AlsModel
from ml.candidates import BLOCK_USERS, top_candidate_blocks
from ml.cold_start import content_neighbours, vectors_from_neighbours
from ml.content import Content
from ml.interactions import InteractionMatrix

# Items with a history that speak for a new one.
NEIGHBOURS = 30


def new_item_vectors(
    model: AlsModel, matrix: InteractionMatrix, content: Content, new_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give items without interactions the vectors that their content suggests.

    Parameters
    ----------
    model : AlsModel
        Fitted on `matrix`.
    matrix : InteractionMatrix
    content : Content
        Of the catalogue.
    new_ids : ndarray of shape (n,)
        Ids; those that `matrix` knows, or whose words nobody shares, are left
        out.

    Returns
    -------
    tuple of ndarrays of shape (m,) and (m, factors)
        Sorted ids, and for each the mean of the vectors of the 30 nearest
        contents, weighted by their likeness (float32).
    """
    wanted = np.setdiff1d(new_ids.astype(object), matrix.item_ids)
    neighbours = content_neighbours(content, wanted, matrix.item_ids, NEIGHBOURS)
    item_ids = np.sort(neighbours["item_id"].unique().astype(object))
    vectors = vectors_from_neighbours(neighbours, item_ids, matrix.item_ids, model.item_factors)
    return item_ids, vectors.astype(np.float32)


def new_item_blocks(
    model: AlsModel,
    matrix: InteractionMatrix,
    content: Content,
    new_ids: np.ndarray,
    limit: int,
    users: np.ndarray | None = None,
    block_users: int = BLOCK_USERS,
) -> Iterator[pd.DataFrame]:
    """Yield, per block of users, the best of the items without interactions.

    Parameters
    ----------
    model, matrix, content, new_ids
        As for `new_item_vectors`.
    limit, users, block_users
        As for `top_candidate_blocks`.

    Yields
    ------
    DataFrame
        As of `top_candidate_blocks`; nothing when there is no new item of
        which something is said.

    Raises
    ------
    ValueError
        As of `top_candidate_blocks`.
    """
    item_ids, vectors = new_item_vectors(model, matrix, content, new_ids)
    if not len(item_ids):
        return
    unseen = csr_matrix((len(matrix.user_ids), len(item_ids)), dtype=matrix.weights.dtype)
    yield from top_candidate_blocks(
        replace(model, item_factors=vectors),
        InteractionMatrix(unseen, matrix.user_ids, item_ids),
        limit,
        users,
        block_users,
    )
