"""The user-item matrix that every collaborative model starts from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class InteractionMatrix:
    """Weights of observed user-item pairs, with the ids of both axes.

    Attributes
    ----------
    weights : csr_matrix of shape (n_users, n_items), float32
        Positive preference weights, columns sorted within a row; an absent
        entry was not observed.
    user_ids : ndarray of shape (n_users,)
        Sorted user ids; ``user_ids[row]`` names a row.
    item_ids : ndarray of shape (n_items,)
        Sorted item ids; ``item_ids[column]`` names a column.
    """

    weights: csr_matrix
    user_ids: np.ndarray
    item_ids: np.ndarray


def build_interaction_matrix(pairs: pd.DataFrame) -> InteractionMatrix:
    """Arrange weighted user-item pairs as a sparse matrix.

    Parameters
    ----------
    pairs : DataFrame
        One row per observed pair with ``user_id``, ``item_id`` (not null) and
        ``weight`` (dimensionless, finite, > 0). Pairs are unique;
        `trn_user_item_weights` makes them so.

    Returns
    -------
    InteractionMatrix
        Axes are sorted by id, so equal input gives equal matrices whatever
        the row order.

    Raises
    ------
    ValueError
        If `pairs` is empty, repeats a pair, misses an id, or holds a weight
        that is not finite and positive.
    """
    if pairs.empty:
        raise ValueError("no interactions: the training window holds no pairs")
    nameless = int(pairs[["user_id", "item_id"]].isna().any(axis="columns").sum())
    if nameless:
        raise ValueError(f"{nameless} pairs have no user_id or no item_id")
    weights = pairs["weight"].to_numpy(dtype=np.float32, na_value=np.nan)
    # Compared as float32: a weight of 1e-60 would be stored as zero.
    refused = int((~((weights > 0) & np.isfinite(weights))).sum())
    if refused:
        raise ValueError(f"{refused} weights are not > 0 and finite")

    rows, user_ids = pd.factorize(pairs["user_id"].to_numpy(dtype=object), sort=True)
    columns, item_ids = pd.factorize(pairs["item_id"].to_numpy(dtype=object), sort=True)
    matrix = csr_matrix((weights, (rows, columns)), shape=(user_ids.size, item_ids.size))
    # Built from coordinates, a sparse matrix adds up the entries of a repeated pair.
    repeated = len(pairs) - matrix.nnz
    if repeated:
        raise ValueError(f"{repeated} user-item pairs occur more than once; aggregate them in SQL")
    return InteractionMatrix(matrix, user_ids, item_ids)


def positions(sorted_ids: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Find the place of ids on an axis.

    Parameters
    ----------
    sorted_ids : ndarray of shape (n,)
        `user_ids` or `item_ids` of an `InteractionMatrix`.
    wanted : ndarray of shape (m,)
        Ids, in any order, repeated or unknown.

    Returns
    -------
    ndarray of shape (m,), int64
        Row or column of each id; -1 for an id that is not on the axis.
    """
    return pd.Index(sorted_ids).get_indexer(pd.Index(np.asarray(wanted, dtype=object)))
