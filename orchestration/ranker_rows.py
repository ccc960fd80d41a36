"""The rows that the ranker learns from: a sample of past candidates with features from Feast."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from feature_repo.lookup import MOMENT, feature_names, point_in_time_features
from ml.impression_labels import sample_with_shown
from ml.ranker_params import RankerParams
from orchestration.attributes import with_attributes
from orchestration.blocks import blocks_of_users

if TYPE_CHECKING:
    from feast import FeatureStore

SERVICE = "ranker_v1"
KEYS = ["cutoff_at", "user_id", "item_id"]
# Ids, words and moments are no numbers to learn from; the outcome is what is learnt.
FRAME_FEATURES = """
    select column_name from duckdb_columns()
    where
        schema_name = 'ranking'
        and table_name = 'rnk_frame'
        and data_type in ('BOOLEAN', 'INTEGER', 'BIGINT', 'FLOAT', 'DOUBLE')
        and column_name != 'is_relevant'
    order by column_index
"""

SHOWN = """
    select
        candidates.*,
        pairs.shown_rank,
        pairs.chosen_rank,
        users.user_id is not null as has_impressions
    from ({candidates}) as candidates
    left join training.trn_shown_pairs as pairs
        on
            candidates.cutoff_at = pairs.cutoff_at
            and candidates.user_id = pairs.user_id
            and candidates.item_id = pairs.item_id
    left join (select distinct cutoff_at, user_id from training.trn_shown_pairs) as users
        on candidates.cutoff_at = users.cutoff_at and candidates.user_id = users.user_id
"""
SHOWN_ITEMS = """
    select
        request_id, user_id, item_id, propensity_kind, shown_rank, propensity, is_clicked, cutoff_at
    from training.trn_shown_items
"""


def frame_query(role: str, features: Sequence[str] = ()) -> str:
    """Return the query for all candidates, with features and labels, at the cutoffs of a role.

    Parameters
    ----------
    role : str
        `train`, `evaluate` or `serve`.
    features : sequence of str
        Those that are attributes come with the rows.
    """
    return with_attributes(
        f"""
        select rnk_frame.*
        from ranking.rnk_frame
        inner join intermediate.int_cutoffs
            on rnk_frame.cutoff_at = int_cutoffs.cutoff_at
        where int_cutoffs.role = '{role}'
        """,
        features,
    )


def ranker_features(connection: duckdb.DuckDBPyConnection, store: "FeatureStore") -> list[str]:
    """List the columns of `ranking.rnk_frame` that the ranker learns from.

    What the candidate sources say about a pair and how they compare, then what the feature service
    says about user, item and both.
    """
    served = feature_names(store, SERVICE)
    columns = frame_features(connection)
    return [*(name for name in columns if name not in set(served)), *served]


def frame_features(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List the columns of `ranking.rnk_frame` that can be learned from."""
    return [name for (name,) in connection.execute(FRAME_FEATURES).fetchall()]


def shown_items(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Read what people were shown after the past cutoffs, as `examination_of` needs it."""
    return connection.execute(SHOWN_ITEMS).df()


def learning_rows(
    connection: duckdb.DuckDBPyConnection,
    store: "FeatureStore",
    role: str,
    params: RankerParams,
    attributes: Sequence[str] = (),
    *,
    with_shown: bool = False,
) -> pd.DataFrame:
    """Sample candidates of the cutoffs of a role, and join their features as Feast knows them.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    store : FeatureStore
        Holds the features that were exported from the same warehouse.
    role : str
        `train` or `evaluate`.
    params : RankerParams
        Says how many negatives are kept per positive.
    attributes : sequence of str
        Features that are attributes, as text.
    with_shown : bool
        Whether all candidates that were shown come too, with what `ml.impression_labels` reads.

    Returns
    -------
    DataFrame
        The candidates with what their sources say, `is_relevant`, `sample_weight`, and the
        features of the service. No rows if no candidate was taken.
    """
    names = ", ".join(feature_names(store, SERVICE))
    candidates = f"select * exclude ({names}) from ({frame_query(role, attributes)})"
    if with_shown:
        candidates = SHOWN.format(candidates=candidates)
    sample = _sample(connection, candidates, role, params)
    return point_in_time_features(store, SERVICE, sample.assign(**{MOMENT: sample["cutoff_at"]}))


def rows_in_sql(
    connection: duckdb.DuckDBPyConnection,
    role: str,
    params: RankerParams,
    *,
    with_shown: bool = False,
) -> pd.DataFrame:
    """Sample the same candidates as `learning_rows`, with the features that SQL joined to them.

    Feast joins equal ones, which a test holds; a search asks for them at each trial, and SQL is
    faster.
    """
    candidates = frame_query(role)
    if with_shown:
        candidates = SHOWN.format(candidates=candidates)
    return _sample(connection, candidates, role, params)


def _sample(
    connection: duckdb.DuckDBPyConnection, candidates: str, role: str, params: RankerParams
) -> pd.DataFrame:
    """Keep every positive and a share of the negatives, block by block."""
    share = _share_of_negatives(connection, role, params.negatives_per_positive)
    samples = [
        sample_with_shown(block, KEYS, share, params.seed)
        for block in blocks_of_users(connection, candidates)
        if share > 0
    ]
    nothing = connection.execute(f"{candidates} limit 0").df().assign(sample_weight=1.0)
    return pd.concat(samples, ignore_index=True) if samples else nothing


def _share_of_negatives(
    connection: duckdb.DuckDBPyConnection, role: str, per_positive: float
) -> float:
    """Chance with which a negative is kept; 0 if there is no positive, or no negative."""
    ((positives, negatives),) = connection.execute(
        f"""
        select count(*) filter (where is_relevant), count(*) filter (where not is_relevant)
        from ({frame_query(role)})
        """
    ).fetchall()
    return min(1.0, per_positive * positives / negatives) if negatives else 0.0
