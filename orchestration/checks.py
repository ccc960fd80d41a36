"""Checks on the tables that Python writes; dbt checks the tables that dbt writes."""

from collections.abc import Iterator

import dagster as dg
import duckdb
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from ml.experiments import schemas as experiment_schemas
from ml.experiments.join_rates import broken_join_rates
from ml.schemas import evaluation, factorisation, lists, ranker, refreshed, releases
from orchestration.blocks import blocks_of_users
from orchestration.resources import Warehouse

# Failures shown in the user interface; there may be millions.
SHOWN = 20


def schema_check(name: str, schema: type[pa.DataFrameModel]) -> dg.AssetChecksDefinition:
    """Build a check that the table `ml.<name>` satisfies `schema`; it blocks what follows."""

    @dg.asset_check(
        asset=dg.AssetKey(["ml", name]),
        name="matches_schema",
        description=schema.__doc__,
        blocking=True,
        pool="warehouse",
    )
    def matches_schema(warehouse: Warehouse) -> dg.AssetCheckResult:
        with warehouse.connect() as connection:
            for block in _blocks(connection, f"ml.{name}"):
                try:
                    schema.validate(block, lazy=True)
                except SchemaErrors as errors:
                    failures = errors.failure_cases[["column", "check", "failure_case"]]
                    table = failures.head(SHOWN).to_string(index=False)
                    return dg.AssetCheckResult(
                        passed=False,
                        description=table,
                        metadata={"failures": dg.MetadataValue.md(f"```\n{table}\n```")},
                    )
        return dg.AssetCheckResult(passed=True)

    return matches_schema


def _blocks(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[pd.DataFrame]:
    """Read a table; piece by piece if it has users, whose rows are checked together."""
    rows = connection.execute(f"from {table} limit 0").df()
    if "user_id" in rows:
        yield from blocks_of_users(connection, f"from {table}")
    else:
        yield connection.execute(f"from {table}").df()


# dbt would say that a row failed; what the rate is, and what to do, must be read without a query.
@dg.asset_check(
    asset=dg.AssetKey(["experiments", "exp_checks"]),
    description="While an experiment runs, interactions find the lists that they name.",
    blocking=True,
    pool="warehouse",
)
def interactions_find_their_lists(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Stop when the outcomes of a running experiment are lost on their way."""
    with warehouse.connect() as connection:
        broken = broken_join_rates(connection.execute("from experiments.exp_checks").df())
    return dg.AssetCheckResult(passed=not broken, description="\n".join(broken))


checks = [
    interactions_find_their_lists,
    schema_check("candidates", lists.Candidates),
    schema_check("factors", factorisation.Factors),
    schema_check("factorisations", factorisation.Factorisations),
    schema_check("contributions", factorisation.Contributions),
    schema_check("ranked_candidates", lists.RankedCandidates),
    schema_check("content_neighbours", lists.ContentNeighbours),
    schema_check("diverse_positions", lists.DiversePositions),
    schema_check("list_costs", evaluation.ListCosts),
    schema_check("ranker_choices", ranker.RankerChoices),
    schema_check("off_policy_values", evaluation.OffPolicyValues),
    schema_check("ranker_metrics", ranker.RankerMetrics),
    schema_check("ranker_importances", ranker.RankerImportances),
    schema_check("rankers", ranker.Rankers),
    schema_check("ranker_trees", ranker.RankerTrees),
    schema_check("ranker_encodings", ranker.RankerEncodings),
    schema_check("ranker_explanations", ranker.RankerExplanations),
    schema_check("user_metrics", evaluation.UserMetrics),
    schema_check("metric_intervals", evaluation.MetricIntervals),
    schema_check("tuning_trials", evaluation.TuningTrials),
    schema_check("experiment_results", experiment_schemas.ExperimentResults),
    schema_check("experiment_looks", experiment_schemas.ExperimentLooks),
    schema_check("experiment_decisions", experiment_schemas.ExperimentDecisions),
    schema_check("experiment_outlook", experiment_schemas.ExperimentOutlook),
    schema_check("return_survival", experiment_schemas.ReturnSurvival),
    schema_check("refreshed_lists", refreshed.RefreshedLists),
    schema_check("refreshed_activity", refreshed.RefreshedActivity),
    schema_check("release_changes", releases.ReleaseChanges),
    schema_check("shadow_comparisons", releases.ShadowComparisons),
]
