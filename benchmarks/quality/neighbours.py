"""Settings of co-visitation for a fixed split, tried in seconds instead of minutes.

In a fixed split all pairs happen at one time, so the sums of `cnd_item_neighbours` and
`cnd_user_covisited` are products of matrices. A test holds the lists against those of SQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import optuna
import pandas as pd
from scipy.sparse import csr_matrix, diags

from benchmarks.quality.split_times import TRAIN, VALIDATION
from ml.metrics import ndcg_at_k
from ml.search_space import SQL, Value, rounded, widened
from orchestration.settings import Settings
from orchestration.tuning.study import distribution

# What has a meaning without times.
SEARCHED = (
    "covisitation_length_power",
    "covisitation_item_power",
    "covisitation_neighbour_power",
    "covisitation_minimum_support",
    "neighbours_per_item",
)
USERS_AT_A_TIME = 1000


@dataclass(frozen=True)
class SplitPairs:
    """The pairs that settings are chosen with.

    Attributes
    ----------
    known, held_out : csr_matrix of shape (n_users, n_items), float64
        1 where a user has an item; the held-out pairs are what lists have to find.
    user_ids, item_ids : ndarray of str
        Names of rows and columns, ascending.
    """

    known: csr_matrix
    held_out: csr_matrix
    user_ids: np.ndarray
    item_ids: np.ndarray


def read_pairs(log: Settings) -> SplitPairs:
    """Read the log of the validation pairs: known on the first day, to be found on the second."""
    with duckdb.connect() as connection:
        frame = connection.execute(
            f"""
            select distinct user_id, item_id, occurred_at = {TRAIN} as is_known
            from read_parquet('{str(log.home / "events.parquet").replace("'", "''")}')
            where occurred_at in ({TRAIN}, {VALIDATION})
            """
        ).df()
    user_ids, users = np.unique(frame["user_id"].to_numpy(dtype=str), return_inverse=True)
    item_ids, items = np.unique(frame["item_id"].to_numpy(dtype=str), return_inverse=True)

    def pairs(rows: np.ndarray) -> csr_matrix:
        ones = np.ones(int(rows.sum()))
        return csr_matrix((ones, (users[rows], items[rows])), shape=(user_ids.size, item_ids.size))

    is_known = frame["is_known"].to_numpy(dtype=bool)
    return SplitPairs(pairs(is_known), pairs(~is_known), user_ids, item_ids)


def covisited(
    known: csr_matrix, users: np.ndarray, k: int, values: Mapping[str, Value]
) -> np.ndarray:
    """List the items that go best with what users have, without those.

    Parameters
    ----------
    known : csr_matrix of shape (n_users, n_items)
    users : ndarray of shape (n,), int
    k : int
        Length of the lists.
    values : mapping of str to number
        The variables of dbt in `SEARCHED`.

    Returns
    -------
    ndarray of shape (n, k), int
        Numbers of items, best first, of equal ones the first; -1 beyond the last that goes with
        anything.
    """
    neighbours = _neighbours(known, values)
    lists = np.full((users.size, k), -1, dtype=np.int64)
    for begin in range(0, users.size, USERS_AT_A_TIME):
        some = users[begin : begin + USERS_AT_A_TIME]
        scores = np.round((known[some] @ neighbours).toarray(), 9)
        scores[known[some].nonzero()] = 0.0
        _fill(lists[begin : begin + some.size], scores)
    return lists


def _fill(lists: np.ndarray, scores: np.ndarray) -> None:
    """Write the columns with the largest positive scores; of equal ones the first, as in SQL."""
    k = min(lists.shape[1], scores.shape[1])
    least = np.partition(scores, -k, axis=1)[:, -k]
    # With all that equal the last one kept, which may be more than are wanted.
    rows, columns = np.nonzero((scores >= least[:, None]) & (scores > 0))
    order = np.lexsort((columns, -scores[rows, columns], rows))
    rows, columns = rows[order], columns[order]
    places = np.arange(rows.size) - np.searchsorted(rows, rows)
    kept = places < k
    lists[rows[kept], places[kept]] = columns[kept]


def mean_ndcg(lists: np.ndarray, users: np.ndarray, held_out: csr_matrix) -> float:
    """Return the mean nDCG of lists, with the held-out items as what is relevant."""
    k = lists.shape[1]
    values = []
    for items, user in zip(lists, users, strict=True):
        relevant = held_out.indices[held_out.indptr[user] : held_out.indptr[user + 1]]
        values.append(ndcg_at_k(np.isin(items, relevant), k, relevant.size))
    return float(np.mean(values))


def search_neighbours(
    log: Settings, k: int, trials: int, present: Mapping[str, Value], seed: int = 0
) -> pd.DataFrame:
    """Try settings on the validation pairs of a fixed split; the present ones first.

    Parameters
    ----------
    log : Settings
        Of the validation pairs.
    k : int
        Items judged.
    trials : int
        How many settings, >= 1.
    present : mapping of str to number
        Holds all of `SEARCHED`.
    seed : int
        Of the search (Optuna's TPE).

    Returns
    -------
    DataFrame
        A row per trial, in their order: the settings and `ndcg_{k}`.
    """
    pairs = read_pairs(log)
    users = np.flatnonzero(np.diff(pairs.held_out.indptr))
    values = {name: present[name] for name in SEARCHED}
    space = widened({name: SQL[name] for name in SEARCHED}, values)
    distributions = {name: distribution(bounds) for name, bounds in space.items()}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True)
    )
    study.enqueue_trial(values)
    rows = []
    for _ in range(trials):
        trial = study.ask(distributions)
        tried = {name: rounded(value) for name, value in trial.params.items()}
        lists = covisited(pairs.known, users, k, tried)
        value = mean_ndcg(lists, users, pairs.held_out)
        study.tell(trial, value)
        rows.append({**tried, f"ndcg_{k}": value})
    return pd.DataFrame(rows)


def _neighbours(known: csr_matrix, values: Mapping[str, Value]) -> csr_matrix:
    """Return items by items: the score of each one's neighbours, as many as are kept."""
    lengths = np.diff(known.indptr)
    shares = diags(1 / np.log(2 + lengths) ** values["covisitation_length_power"])
    weighted = shares @ known
    weights = (known.T @ weighted).tocsr()
    support = (known.T @ known).tocsr()
    support.data = (support.data >= values["covisitation_minimum_support"]).astype(float)
    support.setdiag(0)
    popularity = np.asarray(weighted.sum(axis=0)).ravel()
    scores = (
        diags(_inverse(popularity, values["covisitation_item_power"]))
        @ weights.multiply(support).tocsr()
        @ diags(_inverse(popularity, values["covisitation_neighbour_power"]))
    ).tocsr()
    scores.data = np.round(scores.data, 9)
    scores.eliminate_zeros()
    return _best_of_rows(scores, int(values["neighbours_per_item"]))


def _inverse(values: np.ndarray, power: float) -> np.ndarray:
    return np.divide(1.0, values**power, out=np.zeros_like(values), where=values > 0)


def _best_of_rows(scores: csr_matrix, most: int) -> csr_matrix:
    """Keep the largest values of each row; of equal ones the first."""
    scores.sort_indices()
    rows = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    order = np.lexsort((scores.indices, -scores.data, rows))
    places = np.arange(order.size) - scores.indptr[rows[order]]
    kept = order[places < most]
    return csr_matrix((scores.data[kept], (rows[kept], scores.indices[kept])), shape=scores.shape)
