"""Items nobody has touched yet, from what the catalogue says of them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

from ml.content import Content
from ml.interactions import positions

# Likenesses of a block of items to all others, held at once.
BLOCK_CELLS = 4_000_000


def content_neighbours(
    content: Content, wanted: np.ndarray, known: np.ndarray, limit: int
) -> pd.DataFrame:
    """Find for some items those whose content is most like theirs.

    Parameters
    ----------
    content : Content
    wanted : ndarray of shape (n,)
        Ids of the items asked for.
    known : ndarray of shape (m,)
        Ids of the items that may be answered.
    limit : int
        Most neighbours of an item, >= 1.

    Returns
    -------
    DataFrame
        ``item_id``, ``neighbour_item_id``, ``neighbour_rank`` (int64, from 1)
        and ``similarity`` (float64, in (0, 1], rounded so that equal contents
        tie; ties by id). An item is no neighbour of itself; one whose words
        nobody shares has no rows.
    """
    wanted, known = np.sort(wanted.astype(object)), np.sort(known.astype(object))
    nothing = pd.DataFrame(
        columns=["item_id", "neighbour_item_id", "neighbour_rank", "similarity"], dtype=object
    ).astype({"neighbour_rank": np.int64, "similarity": np.float64})
    blocks = [block for block in _neighbour_blocks(content, wanted, known, limit) if len(block)]
    return pd.concat(blocks, ignore_index=True) if blocks else nothing


def vectors_from_neighbours(
    neighbours: pd.DataFrame, wanted: np.ndarray, known: np.ndarray, vectors: np.ndarray
) -> np.ndarray:
    """Give each new item the mean of its neighbours' vectors, weighted by similarity.

    Parameters
    ----------
    neighbours : DataFrame
        Of `content_neighbours`.
    wanted : ndarray of shape (n,)
        Ids of the new items.
    known : ndarray of shape (m,)
        Sorted ids of the items with a history.
    vectors : ndarray of shape (m, factors)
        Their vectors.

    Returns
    -------
    ndarray of shape (n, factors), float64
        Zeros for an item without neighbours.
    """
    order = np.argsort(wanted.astype(object), kind="stable")
    rows = order[positions(wanted[order], neighbours["item_id"].to_numpy())]
    columns = positions(known, neighbours["neighbour_item_id"].to_numpy())
    shape = (len(wanted), len(known))
    weights = csr_matrix((neighbours["similarity"].to_numpy(), (rows, columns)), shape=shape)
    totals = np.asarray(weights.sum(axis=1)).ravel()
    return (weights @ vectors) / np.where(totals > 0, totals, 1.0)[:, None]


def vectors_from_content(
    content: Content, wanted: np.ndarray, known: np.ndarray, vectors: np.ndarray, ridge: float
) -> np.ndarray:
    """Predict the vectors of new items by ridge regression on their words.

    Parameters
    ----------
    content : Content
    wanted : ndarray of shape (n,)
        Ids of the new items.
    known : ndarray of shape (m,)
        Ids of the items with a history, m >= 1.
    vectors : ndarray of shape (m, factors)
        Their vectors.
    ridge : float
        Penalty, > 0.

    Returns
    -------
    ndarray of shape (n, factors), float64
        The mean vector for an item of which nothing is said.
    """
    model = Ridge(alpha=ridge, solver="sparse_cg", tol=1e-3, max_iter=100)
    model.fit(content.of(known).astype(np.float64), np.asarray(vectors, dtype=np.float64))
    return model.predict(content.of(wanted).astype(np.float64)).reshape(len(wanted), -1)


def profile_scores(
    weights: csr_matrix, content: Content, known: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Score new items by how like they are to a user's whole history.

    Parameters
    ----------
    weights : csr_matrix of shape (users, m)
        Weights of the users' items.
    content : Content
    known : ndarray of shape (m,)
        Ids of the columns.
    wanted : ndarray of shape (n,)
        Ids of the new items.

    Returns
    -------
    ndarray of shape (users, n), float64
        Sum over the history of weight times cosine.
    """
    profiles = weights @ content.of(known)
    return np.asarray((profiles @ content.of(wanted).T).todense(), dtype=np.float64)


def _neighbour_blocks(
    content: Content, wanted: np.ndarray, known: np.ndarray, limit: int
) -> Iterator[pd.DataFrame]:
    """Order the neighbours of some wanted items at a time, the nearest first."""
    others = content.of(known).T.tocsr()
    size = max(1, BLOCK_CELLS // max(len(known), 1))
    # Far below the rounding of a cosine: of equal ones the first in order is the larger.
    order = 1e-13 * np.arange(len(known))
    for start in range(0, len(wanted) if len(known) else 0, size):
        block = wanted[start : start + size]
        cosines = (content.of(block) @ others).toarray().astype(np.float64).round(6)
        cosines[block[:, None] == known[None, :]] = 0.0
        kept = min(limit, len(known))
        near = np.argpartition(order - cosines, kept - 1, axis=1)[:, :kept]
        near = np.take_along_axis(
            near, np.take_along_axis(order - cosines, near, axis=1).argsort(axis=1), axis=1
        )
        found = np.take_along_axis(cosines, near, axis=1)
        rows, ranks = np.nonzero(found > 0)
        yield pd.DataFrame(
            {
                "item_id": block[rows],
                "neighbour_item_id": known[near[rows, ranks]],
                "neighbour_rank": ranks.astype(np.int64) + 1,
                "similarity": np.minimum(found[rows, ranks], 1.0),
            }
        )
