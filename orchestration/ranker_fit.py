"""Fitting, judging and applying the ranker on rows of the warehouse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from ml.explanations import mean_absolute_shap
from ml.ordering import rank_within
from ml.ranker_quality import RankerQuality, permutation_importances, ranker_quality
from ml.ranker_trees import ranker_tables
from ml.ranking import Ranker, RankerParams, fit_ranker, score_frame
from orchestration.blocks import blocks_of_users
from orchestration.ranker_rows import frame_query, learning_rows, ranker_features

if TYPE_CHECKING:
    from feast import FeatureStore

KEPT = ["cutoff_at", "user_id", "item_id", "source", "evidence_item_id", "is_seen"]


@dataclass(frozen=True)
class Rankers:
    """What was learned from the outcomes of the past.

    Attributes
    ----------
    by_role : dict of str to Ranker
        For the `evaluate` cutoff a ranker that knows only what happened before it; for the
        `serve` cutoff one that knows everything. Absent where nobody took a candidate.
    quality : RankerQuality
        How well the first one's probabilities held; without rows if it could not be judged.
    importances : DataFrame
        `feature`, `importance` and `mean_absolute_shap` of the first one; without rows if it could
        not be judged.
    """

    by_role: dict[str, Ranker]
    quality: RankerQuality
    importances: pd.DataFrame


def fit_rankers(
    connection: duckdb.DuckDBPyConnection,
    store: "FeatureStore",
    params: RankerParams,
    threads: int,
    attributes: Sequence[str] = (),
) -> Rankers:
    """Fit on the training cutoffs and judge by the evaluation cutoff; then fit on all of them.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    store : FeatureStore
        Holds the features that were exported from the same warehouse.
    params : RankerParams
        Hyper-parameters.
    threads : int
        Processor threads.
    attributes : sequence of str
        Of `ranker_attributes`: what is learned of users and items beside what they did.
    """
    features = [*ranker_features(connection, store), *attributes]
    past = learning_rows(connection, store, "train", params, attributes)
    recent = learning_rows(connection, store, "evaluate", params, attributes)
    everything = pd.concat([past, recent], ignore_index=True)
    by_role = {
        role: fit_ranker(
            rows,
            rows["is_relevant"].to_numpy(),
            features,
            rows["user_id"].to_numpy(),
            params,
            rows["sample_weight"].to_numpy(),
            threads,
            attributes,
        )
        for role, rows in {"evaluate": past, "serve": everything}.items()
        if not rows.empty
    }
    quality = RankerQuality(pd.DataFrame({"name": [], "value": []}), pd.DataFrame())
    importances = pd.DataFrame({"feature": [], "importance": [], "mean_absolute_shap": []})
    if "evaluate" in by_role and not recent.empty:
        quality = _judge(connection, by_role["evaluate"], threads)
        importances = permutation_importances(
            by_role["evaluate"],
            recent,
            recent["is_relevant"].to_numpy(),
            recent["sample_weight"].to_numpy(),
        ).merge(mean_absolute_shap(by_role["evaluate"], recent), on="feature")
    return Rankers(by_role, quality, importances)


def ranked_blocks(
    connection: duckdb.DuckDBPyConnection, rankers: Rankers, release_id: str, threads: int
) -> Iterator[pd.DataFrame]:
    """Yield rows of `ml.ranked_candidates`, block by block of users.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    rankers : Rankers
        Where one is absent, so are the rows of its cutoff.
    release_id : str
        Name of the release that the rows belong to.
    threads : int
        Processor threads.
    """
    for role, ranker in rankers.by_role.items():
        for block in blocks_of_users(connection, frame_query(role, ranker.features)):
            scored = block[KEPT].join(score_frame(ranker, block, threads))
            ranked = scored.assign(
                ranked_position=rank_within(scored, ["cutoff_at", "user_id"]),
                release_id=release_id,
            )
            yield ranked.drop(columns="raw_score")


def serving_tables(rankers: Rankers, release_id: str) -> dict[str, pd.DataFrame]:
    """Write the ranker of the served lists down, as the tables `ml.ranker…`.

    Parameters
    ----------
    rankers : Rankers
        Without one for the `serve` cutoff there is nothing to write.
    release_id : str
        Name of the release that it ranked.
    """
    ranker = rankers.by_role.get("serve")
    if ranker is None:
        return {}
    tables = ranker_tables(ranker)
    return {
        "ml.rankers": tables.ranker.assign(release_id=release_id),
        "ml.ranker_trees": tables.trees,
        "ml.ranker_encodings": tables.encodings,
    }


def _judge(connection: duckdb.DuckDBPyConnection, ranker: Ranker, threads: int) -> RankerQuality:
    """Compare the probabilities of all candidates at the evaluation cutoff with what happened."""
    scored = [
        score_frame(ranker, block, threads).assign(is_relevant=block["is_relevant"])
        for block in blocks_of_users(connection, frame_query("evaluate", ranker.features))
    ]
    rows = pd.concat(scored, ignore_index=True)
    return ranker_quality(
        rows["is_relevant"].to_numpy(), rows["score"].to_numpy(), rows["raw_score"].to_numpy()
    )
