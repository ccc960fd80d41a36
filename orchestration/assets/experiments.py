"""What the sums of users say: results, looks, decisions, and what could be found."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from ml.experiments.decisions import experiment_decisions
from ml.experiments.outlook import experiment_outlook
from ml.experiments.results import experiment_looks, experiment_results
from ml.experiments.survival import return_survival
from orchestration.experiment_tables import experiment_tables
from orchestration.figures import experiment_figures
from orchestration.releases.registered import registered_releases
from orchestration.resources import MappedLog, Warehouse

EXPERIMENTS = "from experiments.exp_experiments where reject_reason is null"
TABLES = ("exp_metric_sums", "exp_arms", "exp_checks", "exp_metrics", "ret_survival")
# Only shown.
SHOWN = ("exp_funnel", "ret_cohorts")
DESCRIPTIONS = {
    "experiment_results": "Every metric of every arm and slice against its control.",
    "experiment_looks": "The differences and their sequences, day by day.",
    "experiment_decisions": "What was asked of every arm, and the verdict.",
    "experiment_outlook": "What an experiment on this log would find.",
    "return_survival": "How long users take to come back.",
}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["ml", name],
            deps=[["experiments", table] for table in (*TABLES, *SHOWN, "exp_experiments")],
            description=description,
            kinds={"python"},
        )
        for name, description in DESCRIPTIONS.items()
    ],
    group_name="experiments",
    pool="warehouse",
)
def experiments(log: MappedLog, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """Infer from sums of users, arm by arm, and decide."""
    with warehouse.connect() as connection:
        rows = connection.execute(EXPERIMENTS).df()
        sums, arms, checks, metrics, survival = (
            connection.execute(f"from experiments.{table}").df() for table in TABLES
        )
        shown = [connection.execute(f"from experiments.{table}").df() for table in SHOWN]
    results = experiment_results(sums, arms, checks, rows)
    releases = registered_releases(log.places().releases)
    decisions = experiment_decisions(rows, checks, arms, metrics, results, releases=releases)
    frames = {
        "experiment_results": results,
        "experiment_looks": experiment_looks(sums, arms, checks),
        "experiment_decisions": decisions,
        "experiment_outlook": experiment_outlook(sums, checks),
        "return_survival": return_survival(survival),
    }
    figures = experiment_figures(
        rows, metrics, frames["experiment_looks"], frames["return_survival"], log.places().plots
    )
    tables = experiment_tables(rows, metrics, results, *shown)
    for name, frame in frames.items():
        warehouse.replace(f"ml.{name}", frame)
        metadata: dict[str, dg.MetadataValue] = {
            "dagster/row_count": dg.IntMetadataValue(len(frame)),
            **figures.get(name, {}),
            **tables.get(name, {}),
        }
        if name == "experiment_decisions":
            metadata["verdicts"] = _verdicts(decisions)
        yield dg.MaterializeResult(asset_key=["ml", name], metadata=metadata)


def _verdicts(decisions: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """Say what was decided of every arm, in words."""
    last = decisions.loc[decisions["step"] == "verdict"]
    lines = last["experiment_id"] + " / " + last["variant"] + ": " + last["words"]
    return dg.MetadataValue.md("\n\n".join(lines) or "No user has met an experiment.")
