"""Lists whose items differ: relevance against likeness, chosen one item after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from ml.interactions import positions

# Likenesses of all pairs of all users of a block, held at once.
BLOCK_CELLS = 10_000_000


@dataclass(frozen=True)
class DiversityParams:
    """How far a user's list gives up relevance for difference.

    Attributes
    ----------
    trade_off : float
        Lambda of maximal marginal relevance, in [0, 1]. At 1 the order stays
        as it is; at 0 nothing counts but the difference to what is above.
    depth : int
        How many of a user's best items are ordered anew, >= 1; the others
        follow in their order.
    """

    trade_off: float = 1.0
    depth: int = 100

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not 0 <= self.trade_off <= 1:
            raise ValueError(f"trade_off must be in [0, 1], got {self.trade_off}")
        if self.depth < 1:
            raise ValueError(f"depth must be >= 1, got {self.depth}")


@dataclass(frozen=True)
class Likeness:
    """What is known of how alike two items are.

    Attributes
    ----------
    item_ids : ndarray of shape (n,)
        Sorted ids.
    categories : ndarray of shape (n,), int64
        Codes of the categories; -1 for an item without one.
    neighbours : csr_matrix of shape (n, n)
        How much two items are had together, in [0, 1]; symmetric.
    """

    item_ids: np.ndarray
    categories: np.ndarray
    neighbours: csr_matrix


def build_likeness(items: pd.DataFrame, neighbours: pd.DataFrame) -> Likeness:
    """Arrange what is known of the items.

    Parameters
    ----------
    items : DataFrame
        ``item_id`` (unique) and ``category`` (null where there is none).
    neighbours : DataFrame
        ``item_id``, ``neighbour_item_id`` and ``candidate_score`` (>= 0);
        unique by pair. Each score is read as a share of the item's best, the
        larger of the two directions counts; unknown items are left out.

    Returns
    -------
    Likeness
        Equal for equal rows in any order.

    Raises
    ------
    ValueError
        If `items` repeats an id.
    """
    repeated = int(items.duplicated("item_id").sum())
    if repeated:
        raise ValueError(f"{repeated} rows of items repeat an item_id")
    ordered = items.sort_values("item_id", ignore_index=True)
    item_ids = ordered["item_id"].to_numpy(dtype=object)
    categories, _ = pd.factorize(ordered["category"].to_numpy(dtype=object), sort=False)
    best = neighbours.groupby("item_id")["candidate_score"].transform("max")
    shares = (neighbours["candidate_score"] / best.where(best > 0, 1.0)).to_numpy(np.float32)
    rows = positions(item_ids, neighbours["item_id"].to_numpy())
    columns = positions(item_ids, neighbours["neighbour_item_id"].to_numpy())
    known = (rows >= 0) & (columns >= 0)
    one_way = csr_matrix(
        (shares[known], (rows[known], columns[known])), shape=(item_ids.size, item_ids.size)
    )
    return Likeness(item_ids, categories.astype(np.int64), one_way.maximum(one_way.T).tocsr())


def marginal_order(
    relevance: np.ndarray, likeness: np.ndarray, trade_off: float, count: int
) -> np.ndarray:
    """Choose items of several users, each time the best after what is chosen already.

    The next item maximises ``trade_off * relevance - (1 - trade_off) * (its
    largest likeness to a chosen item)``; the first is the most relevant.

    Parameters
    ----------
    relevance : ndarray of shape (users, n)
        The higher the better; nan where a user has fewer than n items.
    likeness : ndarray of shape (users, n, n)
        Of each pair of a user's items, in [0, 1].
    trade_off : float
        Lambda, in [0, 1].
    count : int
        Items chosen, >= 1; at most n.

    Returns
    -------
    ndarray of shape (users, min(count, n)), int64
        Columns in the order of choice, on equal terms the first; -1 where a
        user has no items left.

    References
    ----------
    Carbonell, Goldstein (1998), "The use of MMR, diversity-based reranking for
    reordering documents and producing summaries", SIGIR, section 2.
    """
    users, width = relevance.shape
    order = np.full((users, min(count, width)), -1, dtype=np.int64)
    rows = np.arange(users)
    left = np.isfinite(relevance)
    gain = trade_off * np.where(left, relevance, 0.0)
    alike = np.zeros((users, width))
    for place in range(order.shape[1]):
        # Nothing is chosen yet, so relevance alone decides, also at trade_off 0.
        value = np.where(left, relevance, -np.inf) if place == 0 else gain - (1 - trade_off) * alike
        chosen = np.where(left, value, -np.inf).argmax(axis=1)
        order[:, place] = np.where(left.any(axis=1), chosen, -1)
        left[rows, chosen] = False
        alike = np.maximum(alike, likeness[rows, chosen])
    return order


def diverse_blocks(
    offers: pd.DataFrame,
    likeness: Likeness,
    trade_offs: Sequence[float],
    depth: int,
    count: int,
) -> Iterator[pd.DataFrame]:
    """Order the best offers of each user by maximal marginal relevance.

    Relevance is the score of the place, which never rises down the list, as a
    share of the user's best. Two items are alike by the mean of two shares:
    whether they are of one category, and how much they are had together.

    Parameters
    ----------
    offers : DataFrame
        ``user_id``, ``item_id``, ``position`` (from 1, may have gaps) and
        ``score`` (>= 0); unique by user and item, and by user and position.
    likeness : Likeness
        An item it does not know is like no other.
    trade_offs : sequence of float
        Lambdas, each in [0, 1].
    depth : int
        Best offers of a user that are ordered, >= 1.
    count : int
        Items kept of each order, >= 1.

    Yields
    ------
    DataFrame
        ``trade_off``, ``user_id``, ``item_id`` and ``diverse_position``
        (int64, from 1, no gaps), a block of users at a time.
    """
    ordered = offers.sort_values(["user_id", "position"], ignore_index=True)
    counts = ordered.groupby("user_id", sort=False).cumcount().to_numpy()
    ordered, places = ordered.loc[counts < depth], counts[counts < depth]
    if ordered.empty:
        return
    users, user_ids = pd.factorize(ordered["user_id"])
    width = int(places.max()) + 1
    size = max(1, BLOCK_CELLS // width**2)
    for start in range(0, len(user_ids), size):
        inside = (users >= start) & (users < start + size)
        block, rows, columns = ordered.loc[inside], users[inside] - start, places[inside]
        relevance = _relevance(block, rows, columns, width)
        alike = _alike(block["item_id"].to_numpy(), rows, columns, likeness, relevance.shape)
        items = np.full(relevance.shape, None, dtype=object)
        items[rows, columns] = block["item_id"].to_numpy(dtype=object)
        for trade_off in trade_offs:
            order = marginal_order(relevance, alike, trade_off, count)
            who, where = np.nonzero(order >= 0)
            yield pd.DataFrame(
                {
                    "trade_off": float(trade_off),
                    "user_id": user_ids.to_numpy()[start + who],
                    "item_id": items[who, order[who, where]],
                    "diverse_position": where.astype(np.int64) + 1,
                }
            )


def _relevance(
    block: pd.DataFrame, rows: np.ndarray, columns: np.ndarray, width: int
) -> np.ndarray:
    """Scores of the places as shares of each user's best; nan where a user has no item."""
    scores = np.full((int(rows.max()) + 1, width), np.nan)
    scores[rows, columns] = block["score"].to_numpy(np.float64)
    falling = np.fmin.accumulate(scores, axis=1)
    best = falling[:, :1]
    return np.where(np.isnan(scores), np.nan, falling / np.where(best > 0, best, 1.0))


def _alike(
    item_ids: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    likeness: Likeness,
    shape: tuple[int, ...],
) -> np.ndarray:
    """Likenesses of the items of each user, (users, width, width)."""
    alike = np.zeros((*shape, shape[1]))
    known = positions(likeness.item_ids, item_ids)
    for user in range(shape[0]):
        mine = (rows == user) & (known >= 0)
        items, places = known[mine], columns[mine]
        categories = likeness.categories[items]
        same = (categories[:, None] == categories) & (categories[:, None] >= 0)
        together = likeness.neighbours[items][:, items].toarray()
        alike[user][np.ix_(places, places)] = (same + together) / 2
    return alike
