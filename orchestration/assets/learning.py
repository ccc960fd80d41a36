"""Candidates by matrix factorisation."""

from collections.abc import Iterator

import dagster as dg
import duckdb
import pandas as pd

from ml.als import AlsParams, fit_als
from ml.interactions import build_interaction_matrix
from ml.proposals import proposal_blocks
from orchestration.resources import Warehouse

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


class CandidateConfig(dg.Config):
    """Run-time choices of candidate generation."""

    factors: int = AlsParams.factors
    iterations: int = AlsParams.iterations
    seed: int = AlsParams.seed
    limit: int = 100
    threads: int = 1

    def params(self) -> AlsParams:
        """Return the hyper-parameters."""
        return AlsParams(factors=self.factors, iterations=self.iterations, seed=self.seed)


@dg.asset(
    key=["ml", "candidates"],
    deps=[["training", "trn_user_item_weights"], ["training", "trn_ranking_moments"]],
    group_name="learning",
    kinds={"python", "duckdb"},
    pool="warehouse",
)
def candidates(config: CandidateConfig, warehouse: Warehouse) -> dg.MaterializeResult:
    """Propose to each user the items most likely wanted, by matrix factorisation."""
    count = warehouse.replace_by_blocks(
        "ml.candidates", lambda connection: _candidate_blocks(connection, config)
    )
    return dg.MaterializeResult(metadata={"dagster/row_count": count})


def _candidate_blocks(
    connection: duckdb.DuckDBPyConnection, config: CandidateConfig
) -> Iterator[pd.DataFrame]:
    """Fit one model a cutoff, on what was known then, and propose block by block."""
    for (cutoff_at,) in connection.execute(CUTOFFS).fetchall():
        matrix = build_interaction_matrix(connection.execute(PAIRS, [cutoff_at]).df())
        users = connection.execute(USERS, [cutoff_at]).df()["user_id"].to_numpy()
        model = fit_als(matrix, config.params(), config.threads)
        for block in proposal_blocks(model, matrix, config.limit, users):
            yield block.assign(cutoff_at=cutoff_at)
