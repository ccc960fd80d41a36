"""A log of pairs with something to learn in it: tastes, popularity, long and short histories."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, load_npz, save_npz

DIMENSIONS = 12
BLOCK_USERS = 1000


@dataclass(frozen=True)
class Pairs:
    """Pairs to learn from, and one more item of each user to find again.

    Attributes
    ----------
    train : csr_matrix of shape (n_users, n_items), float32
        Ones.
    held_out : ndarray of shape (n_users,), int64
        The item that is to be found.
    """

    train: csr_matrix
    held_out: np.ndarray


def make_pairs(users: int, items: int, per_user: float, seed: int) -> Pairs:
    """Draw pairs.

    Parameters
    ----------
    users, items : int
    per_user : float
        Median items of a user.
    seed : int

    Returns
    -------
    Pairs
    """
    random = np.random.default_rng(seed)
    directions = random.standard_normal((items, DIMENSIONS)).astype(np.float32)
    popularity = (-0.8 * np.log(1 + random.permutation(items))).astype(np.float32)
    counts = np.clip(per_user * np.exp(0.7 * random.standard_normal(users)), 5, items // 4)
    counts = counts.astype(np.int64)
    rows, columns, held = [], [], np.empty(users, dtype=np.int64)
    for start in range(0, users, BLOCK_USERS):
        size = min(BLOCK_USERS, users - start)
        tastes = random.standard_normal((size, DIMENSIONS)).astype(np.float32)
        scores = 0.7 * tastes @ directions.T + popularity
        # The largest of scores with Gumbel noise are a draw without replacement by softmax.
        scores -= np.log(random.standard_exponential(scores.shape))
        order = np.argsort(-scores, axis=1)
        for place in range(size):
            chosen = order[place, : counts[start + place]]
            held[start + place] = chosen[random.integers(chosen.size)]
            kept = chosen[chosen != held[start + place]]
            rows.append(np.full(kept.size, start + place))
            columns.append(kept)
    places = (np.concatenate(rows), np.concatenate(columns))
    ones = np.ones(places[0].size, dtype=np.float32)
    return Pairs(csr_matrix((ones, places), shape=(users, items)), held)


def save_pairs(pairs: Pairs, folder: Path) -> None:
    """Write pairs to a folder."""
    save_npz(folder / "train.npz", pairs.train)
    np.save(folder / "held_out.npy", pairs.held_out)


def load_pairs(folder: Path) -> Pairs:
    """Read what `save_pairs` wrote."""
    return Pairs(load_npz(folder / "train.npz"), np.load(folder / "held_out.npy"))


def recall_at(
    pairs: Pairs, user_factors: np.ndarray, item_factors: np.ndarray, k: int = 20
) -> float:
    """Share of the users whose held-out item is among the best k they have not met.

    Parameters
    ----------
    pairs : Pairs
    user_factors, item_factors : ndarray of shape (n, factors)
    k : int

    Returns
    -------
    float
        In [0, 1].
    """
    found = 0
    for start in range(0, pairs.held_out.size, BLOCK_USERS):
        rows = slice(start, start + BLOCK_USERS)
        scores = user_factors[rows] @ item_factors.T
        seen = pairs.train[rows].tocoo()
        scores[seen.row, seen.col] = -np.inf
        own = scores[np.arange(len(scores)), pairs.held_out[rows]]
        found += int(((scores > own[:, None]).sum(axis=1) < k).sum())
    return found / pairs.held_out.size
