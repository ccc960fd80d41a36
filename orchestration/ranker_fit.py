"""Fitting, judging and applying the ranker on rows of the warehouse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from ml.explanations import mean_absolute_shap
from ml.impression_labels import time_split_rows
from ml.ordering import rank_within
from ml.ranker_choice import LAST_RESORT
from ml.ranker_params import RankerParams
from ml.ranker_quality import RankerQuality, permutation_importances, ranker_quality
from ml.ranker_trees import ranker_tables
from ml.ranking import Ranker, score_frame
from orchestration.blocks import blocks_of_users
from orchestration.ranker_choice import Choice, choose_for_serving, choose_for_test
from orchestration.ranker_rows import frame_query, learning_rows, ranker_features, shown_items
from orchestration.ranker_teaching import Teaching

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
    choices : dict of str to Choice
        By what each of them orders, and why.
    quality : RankerQuality
        How well the probabilities of the first one held; without rows if it could not be judged.
    importances : DataFrame
        `feature`, `importance` and `mean_absolute_shap` of the first one; without rows if it could
        not be judged.
    places : str
        Whether and how impressions were corrected for the place at which they were shown.
    """

    by_role: dict[str, Ranker]
    choices: dict[str, Choice]
    quality: RankerQuality
    importances: pd.DataFrame
    places: str = ""


def fit_rankers(
    connection: duckdb.DuckDBPyConnection,
    store: "FeatureStore",
    params: RankerParams,
    threads: int,
    attributes: Sequence[str] = (),
    *,
    repeats: bool,
    workers: int = 1,
) -> Rankers:
    """Fit on the training cutoffs and judge by the evaluation cutoff; then fit on all of them.

    What candidates are ordered by is chosen before, on the latest period whose outcome each of
    the two may know.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    store : FeatureStore
        Holds the features that were exported from the same warehouse.
    params : RankerParams
        Hyper-parameters.
    threads : int
        Processor threads of a ranker.
    attributes : sequence of str
        Of `ranker_attributes`: what is learned of users and items beside what they did.
    repeats : bool
        Whether the lists that are served may hold seen items.
    workers : int
        Contending rankers that are fitted at a time, each by `threads`.
    """
    features = [*ranker_features(connection, store), *attributes]
    shown = shown_items(connection)
    teaching = Teaching(params, features, tuple(attributes), threads, shown, workers)
    past, recent = (
        learning_rows(connection, store, role, params, attributes, with_shown=not shown.empty)
        for role in ("train", "evaluate")
    )
    everything = pd.concat([past, recent], ignore_index=True)
    # The rankers of the test are those by which that of the served lists is chosen.
    full = teaching.rankers(past)
    choices = {
        "evaluate": choose_for_test(connection, past, teaching, repeats=repeats),
        "serve": choose_for_serving(connection, full, threads, repeats=repeats),
    }
    by_role = {}
    if not past.empty:
        chosen = choices["evaluate"].chosen
        by_role["evaluate"] = full[chosen] if chosen in full else teaching.fit(past, chosen)
    if not everything.empty:
        by_role["serve"] = teaching.fit(everything, choices["serve"].chosen)
    quality = RankerQuality(pd.DataFrame({"name": [], "value": []}), pd.DataFrame())
    importances = pd.DataFrame({"feature": [], "importance": [], "mean_absolute_shap": []})
    if "evaluate" in by_role and not recent.empty:
        recent = time_split_rows(recent)
        quality = _judge(connection, by_role["evaluate"], threads)
        importances = permutation_importances(
            by_role["evaluate"],
            recent,
            recent["is_relevant"].to_numpy(),
            recent["sample_weight"].to_numpy(),
        ).merge(mean_absolute_shap(by_role["evaluate"], recent), on="feature")
    places = teaching.examination(everything)[1]
    return Rankers(by_role, choices, quality, importances, places)


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
        # Trees have steps: within one, an order without learning goes on by its own column.
        ties = (rankers.choices[role].column or LAST_RESORT, LAST_RESORT)
        for block in blocks_of_users(connection, frame_query(role, ranker.features)):
            scored = block[[*KEPT, *dict.fromkeys(ties)]].join(score_frame(ranker, block, threads))
            ranked = scored[[*KEPT, "score"]].assign(
                ranked_position=rank_within(scored, ["cutoff_at", "user_id"], ties),
                release_id=release_id,
            )
            yield ranked


def choice_table(rankers: Rankers) -> pd.DataFrame:
    """Return the rows of `ml.ranker_choices`."""
    tables = [choice.table().assign(role=role) for role, choice in rankers.choices.items()]
    return pd.concat(tables, ignore_index=True)


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
