"""Candidates by matrix factorisation, and what in a history speaks for them."""

from collections.abc import Iterator

import dagster as dg
import duckdb
import pandas as pd

from ml.als import AlsParams, fit_als
from ml.contributions import contribution_blocks
from ml.factors import factor_blocks, factorisation_row
from ml.interactions import build_interaction_matrix
from ml.proposals import proposal_blocks
from orchestration.resources import Warehouse
from orchestration.reviewed import overridden
from orchestration.stopwatch import SECONDS, Stopwatch

CANDIDATES = "ml.candidates"
FACTORS = "ml.factors"
FACTORISATIONS = "ml.factorisations"
CONTRIBUTIONS = "ml.contributions"
TABLES = {
    ("ml", "candidates"): "Items that each user most likely wants, by matrix factorisation.",
    ("ml", "factors"): "The vectors whose products are the scores, for any pair of user and item.",
    ("ml", "factorisations"): "What the vectors were fitted with.",
    ("ml", "contributions"): "What in the history of a user speaks for an item, now.",
}
CUTOFFS = """
    select distinct cutoff_at from training.trn_user_item_weights
    order by cutoff_at
"""
PAIRS = """
    select user_id, item_id, weight from training.trn_user_item_weights
    where cutoff_at = ?
"""
USERS = """
    select user_id from training.trn_ranking_moments
    where cutoff_at = ?
"""
SERVED = """
    select distinct cutoff_at from training.trn_ranking_moments
    where role = 'serve'
"""


class CandidateConfig(dg.Config):
    """Run-time choices of candidate generation; null leaves one to the settings of the log."""

    factors: int | None = None
    iterations: int | None = None
    seed: int | None = None
    limit: int = 100
    threads: int = 1


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            list(key),
            deps=[["training", "trn_user_item_weights"], ["training", "trn_ranking_moments"]],
            group_name="learning",
            kinds={"python", "duckdb"},
            description=description,
        )
        for key, description in TABLES.items()
    ],
    name="factorisation",
    pool="warehouse",
)
def factorisation(config: CandidateConfig, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """Factorise what was known at each cutoff and propose items to each user."""
    params = overridden(warehouse.log.reviewed().als, config)
    repeats = warehouse.log.read().repeats
    watch = Stopwatch()
    counts = warehouse.replace_together(
        [CANDIDATES, FACTORS, FACTORISATIONS, CONTRIBUTIONS],
        lambda connection: _blocks(connection, params, config, watch, repeats=repeats),
    )
    for table, count in counts.items():
        took = {SECONDS: watch.seconds[table]} if table in watch.seconds else {}
        yield dg.MaterializeResult(
            asset_key=table.split("."), metadata={"dagster/row_count": count, **took}
        )


def _blocks(
    connection: duckdb.DuckDBPyConnection,
    params: AlsParams,
    config: CandidateConfig,
    watch: Stopwatch,
    *,
    repeats: bool,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Fit one model a cutoff, on what was known then, and propose block by block.

    `watch` is told how long fitting and proposing take, by the table that comes of it.
    """
    served = connection.execute(SERVED).fetchall()
    for (cutoff_at,) in connection.execute(CUTOFFS).fetchall():
        matrix = build_interaction_matrix(connection.execute(PAIRS, [cutoff_at]).df())
        users = connection.execute(USERS, [cutoff_at]).df()["user_id"].to_numpy()
        with watch.timing(FACTORISATIONS):
            model = fit_als(matrix, params, config.threads)
        proposed = proposal_blocks(model, matrix, config.limit, users)
        for block in watch.making(CANDIDATES, proposed):
            yield CANDIDATES, block.assign(cutoff_at=cutoff_at)
            # Only what may be shown needs a reason: past cutoffs teach and measure.
            if (cutoff_at,) in served:
                explained = contribution_blocks(model, matrix, iter([block]), with_seen=repeats)
                for contributions in explained:
                    yield CONTRIBUTIONS, contributions.assign(cutoff_at=cutoff_at)
        for block in factor_blocks(model, matrix):
            yield FACTORS, block.assign(cutoff_at=cutoff_at)
        yield FACTORISATIONS, factorisation_row(model).assign(cutoff_at=cutoff_at)
