"""Fitting, judging and applying the ranker on rows of the warehouse."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from ml.ordering import rank_within
from ml.ranker_quality import RankerQuality, ranker_quality
from ml.ranking import Ranker, RankerParams, fit_ranker, score_frame
from orchestration.blocks import blocks_of_users
from orchestration.ranker_rows import frame_query

KEPT = ["cutoff_at", "user_id", "item_id", "source", "evidence_item_id", "is_seen"]


def fit_on(
    rows: pd.DataFrame, features: list[str], params: RankerParams, threads: int
) -> Ranker | None:
    """Fit a ranker on rows of `learning_rows`; None if they hold only one kind of outcome."""
    labels = rows["is_relevant"].to_numpy(dtype=bool)
    if labels.all() or not labels.any():
        return None
    return fit_ranker(
        rows,
        labels,
        features,
        rows["user_id"].to_numpy(),
        params,
        rows["sample_weight"].to_numpy(),
        threads,
    )


def judge(
    connection: duckdb.DuckDBPyConnection, ranker: Ranker, threads: int
) -> RankerQuality | None:
    """Compare the probabilities of all candidates at the evaluation cutoff with what happened.

    Returns
    -------
    RankerQuality, optional
        None if the candidates hold only one kind of outcome.
    """
    scored = [
        score_frame(ranker, block, threads).assign(is_relevant=block["is_relevant"])
        for block in blocks_of_users(connection, frame_query("evaluate"))
    ]
    if not scored:
        return None
    rows = pd.concat(scored)
    labels = rows["is_relevant"].to_numpy(dtype=bool)
    if labels.all() or not labels.any():
        return None
    return ranker_quality(labels, rows["score"].to_numpy(), rows["raw_score"].to_numpy())


def ranked_blocks(
    connection: duckdb.DuckDBPyConnection,
    rankers: dict[str, Ranker | None],
    release_id: str,
    threads: int,
) -> Iterator[pd.DataFrame]:
    """Yield rows of `ml.ranked_candidates`, block by block of users.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    rankers : dict of str to Ranker
        Which ranker orders the candidates at the cutoff of a role; with None there are no rows.
    release_id : str
        Name of the release that the rows belong to.
    threads : int
        Processor threads.
    """
    for role, ranker in rankers.items():
        if ranker is not None:
            for block in blocks_of_users(connection, frame_query(role)):
                scored = block[KEPT].join(score_frame(ranker, block, threads))
                ranked = scored.assign(
                    ranked_position=rank_within(scored, ["cutoff_at", "user_id"]),
                    release_id=release_id,
                )
                yield ranked.drop(columns="raw_score")
