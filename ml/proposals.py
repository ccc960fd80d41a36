"""What is proposed to the ranker: the best items of all, and the best unseen ones."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from ml.als import AlsModel
from ml.candidates import BLOCK_USERS, top_candidate_blocks
from ml.interactions import InteractionMatrix

# An observed pair is fitted to 1. So far below it a score is rounding: nothing in the history, not
# even by way of other users, leads to the item.
LEAST_SCORE = 1e-6


def proposal_blocks(
    model: AlsModel,
    matrix: InteractionMatrix,
    limit: int,
    users: np.ndarray | None = None,
    block_users: int = BLOCK_USERS,
) -> Iterator[pd.DataFrame]:
    """Yield, per block of users, the best items whether seen or not, and the best unseen ones.

    A list of new items and one with repeats can both be drawn from the union. Items that the
    history does not speak for, at scores up to `LEAST_SCORE`, are not proposed.

    Parameters
    ----------
    model : AlsModel
        Fitted on `matrix`.
    matrix : InteractionMatrix
        Its non-zero entries are the seen pairs.
    limit : int
        Most items of each of the two kinds per user, >= 1; the union has at
        most twice as many.
    users : ndarray of shape (n,), optional
        User ids; all users of `matrix` when absent. Strangers get no rows.
    block_users : int
        Users scored at once, >= 1.

    Yields
    ------
    DataFrame
        ``user_id``, ``item_id``, ``candidate_rank`` (int64, from 1, no gaps)
        and ``candidate_score`` (float32), as of `top_candidates`; at least
        one frame, which may be empty.

    Raises
    ------
    ValueError
        As of `top_candidate_blocks`.
    """
    nothing_seen = InteractionMatrix(
        csr_matrix(matrix.weights.shape, dtype=matrix.weights.dtype),
        matrix.user_ids,
        matrix.item_ids,
    )
    blocks = zip(
        top_candidate_blocks(model, nothing_seen, limit, users, block_users),
        top_candidate_blocks(model, matrix, limit, users, block_users),
        strict=True,
    )
    for best, unseen in blocks:
        yield _union(best, unseen)


def _union(best: pd.DataFrame, unseen: pd.DataFrame) -> pd.DataFrame:
    """Join two lists of each user; equal scores are ordered by item id."""
    both = pd.concat([best, unseen]).drop_duplicates(["user_id", "item_id"])
    both = both[both["candidate_score"] > LEAST_SCORE]
    both = both.sort_values(
        ["user_id", "candidate_score", "item_id"], ascending=[True, False, True], ignore_index=True
    )
    ranks = both.groupby("user_id", sort=False).cumcount() + 1
    return both.assign(candidate_rank=ranks.astype(np.int64))
