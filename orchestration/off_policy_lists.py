"""The lists of the policies that are valued, made from what was known before the log they meet."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from ml.als import AlsModel, AlsParams
from ml.candidates import top_candidates
from ml.interactions import InteractionMatrix, build_interaction_matrix

POPULAR = """
    select item_id, popularity_rank, user_count, user_count_28d from candidates.cnd_popular_items
    where cutoff_at = ? and segment = 'all'
    order by popularity_rank
"""
PAIRS = """
    select user_id, item_id, weight from training.trn_user_item_weights
    where cutoff_at = ?
"""
FACTORS = """
    select entity_id, factors from ml.factors
    where cutoff_at = ? and entity = ?
    order by entity_id
"""
# The served lists are those of the run before: this one has not replaced them yet.
SERVED = """
    select user_id, item_id, recommended_rank as rank, generated_at as since
    from serving.rec_user_top_items
"""
HAS_SERVED = """
    select count(*) from information_schema.tables
    where table_schema = 'serving' and table_name = 'rec_user_top_items'
"""
NO_LISTS = pd.DataFrame(
    {
        "user_id": pd.Series(dtype=object),
        "item_id": pd.Series(dtype=object),
        "rank": pd.Series(dtype=np.int64),
    }
)


@dataclass(frozen=True)
class PolicyLists:
    """What the policies show.

    Attributes
    ----------
    popular : dict of str to ndarray
        Item ids, best first, the same for all users.
    personal : dict of str to DataFrame
        ``user_id``, ``item_id``, ``rank``, maybe ``since``.
    known : ndarray
        Ids of the items that somebody met in the four weeks before the cutoff.
    """

    popular: dict[str, np.ndarray]
    personal: dict[str, pd.DataFrame]
    known: np.ndarray

    def item_ids(self, logged: pd.Series) -> np.ndarray:
        """Return all items, of the log and of the lists, sorted."""
        parts = [logged, pd.Series(self.known), *map(pd.Series, self.popular.values())]
        parts += [own["item_id"] for own in self.personal.values()]
        return np.array(sorted(pd.concat(parts).dropna().unique()), dtype=object)


def read_lists(
    connection: duckdb.DuckDBPyConnection, rows: pd.DataFrame, *, repeats: bool
) -> PolicyLists:
    """Make the lists of the policies.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    rows : DataFrame
        The log, with ``user_id``, ``shown_rank`` and ``cutoff_at``; may be empty.
    repeats : bool
        Whether lists may hold what the user has met before.

    Returns
    -------
    PolicyLists
    """
    if rows.empty:
        return PolicyLists({}, {}, np.array([], dtype=object))
    cutoff_at, length = rows["cutoff_at"].max(), int(rows["shown_rank"].max())
    popular = connection.execute(POPULAR, [cutoff_at]).df()
    by_users = popular.sort_values(["user_count", "item_id"], ascending=[False, True])
    served = connection.execute(HAS_SERVED).fetchone()
    return PolicyLists(
        popular={
            "most_popular": by_users["item_id"].to_numpy()[:length],
            "decayed_popular": popular["item_id"].to_numpy()[:length],
        },
        personal={
            "personal": _personal(connection, cutoff_at, rows["user_id"], length, repeats=repeats),
            "live": connection.execute(SERVED).df() if served and served[0] else NO_LISTS,
        },
        known=popular.loc[popular["user_count_28d"] > 0, "item_id"].to_numpy(),
    )


def _personal(
    connection: duckdb.DuckDBPyConnection,
    cutoff_at: object,
    users: pd.Series,
    length: int,
    *,
    repeats: bool,
) -> pd.DataFrame:
    """Make lists of the factorisation for everybody who had a history at the cutoff."""
    pairs = connection.execute(PAIRS, [cutoff_at]).df()
    sides = [connection.execute(FACTORS, [cutoff_at, side]).df() for side in ("user", "item")]
    if pairs.empty or any(side.empty for side in sides):
        return NO_LISTS
    matrix = build_interaction_matrix(pairs)
    users_of, items_of = (np.stack(side["factors"].tolist()).astype(np.float32) for side in sides)
    model = AlsModel(users_of, items_of, AlsParams(factors=users_of.shape[1]))
    if repeats:
        nothing_seen = matrix.weights[:0].copy()
        nothing_seen.resize(matrix.weights.shape)
        matrix = InteractionMatrix(nothing_seen, matrix.user_ids, matrix.item_ids)
    found = top_candidates(model, matrix, length, users.unique())
    return found.rename(columns={"candidate_rank": "rank"})[["user_id", "item_id", "rank"]]
