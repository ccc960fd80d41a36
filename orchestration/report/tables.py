"""The tables that the pages are made from, as the published snapshot holds them."""

import duckdb
import pandas as pd

Tables = dict[str, pd.DataFrame]

# Table and the order of its rows.
READ = {
    "exp_experiments": "experiment_id",
    "exp_arms": "experiment_id, variant_number",
    "exp_checks": "experiment_id",
    "exp_metrics": "metric",
    "exp_results": "experiment_id, variant, metric, slice_name, slice",
    "exp_looks": "experiment_id, variant, metric, exposed_date",
    "exp_decisions": "experiment_id, variant, step_number",
    "exp_outlook": "metric, run_days",
    "exp_funnel": "experiment_id, variant, step_number",
    "ret_activity": "active_date",
    "ret_cohorts": "cohort_week, week_number",
    "ret_survival_curves": "experiment_id, variant, day_number",
}


class UnknownExperimentError(LookupError):
    """There is no experiment of that name that could be analysed."""


def read_tables(connection: duckdb.DuckDBPyConnection) -> Tables:
    """Read all tables of the report."""
    return {
        name: connection.execute(f"from experiments.{name} order by {order}").df()
        for name, order in READ.items()
    }


def of_experiment(tables: Tables, experiment_id: str) -> Tables:
    """Keep the rows of one experiment, in the tables that have experiments.

    Raises
    ------
    UnknownExperimentError
        If it is not among `exp_experiments`, or was rejected.
    """
    known = tables["exp_experiments"]
    row = known.loc[known["experiment_id"] == experiment_id]
    if row.empty:
        names = ", ".join(map(repr, known["experiment_id"])) or "none"
        msg = f"experiment must be one of the log's, {names}; got {experiment_id!r}"
        raise UnknownExperimentError(msg)
    reason = row["reject_reason"].iloc[0]
    if pd.notna(reason):
        msg = f"{experiment_id!r} cannot be analysed: {reason}; mon_rejected_experiments says more"
        raise UnknownExperimentError(msg)
    return {
        name: frame.loc[frame["experiment_id"] == experiment_id]
        if "experiment_id" in frame
        else frame
        for name, frame in tables.items()
    }
