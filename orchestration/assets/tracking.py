"""The record of the run, after everything else."""

from collections.abc import Mapping as Dictionary
from dataclasses import fields

import dagster as dg

from orchestration.resources import MappedLog, Warehouse
from orchestration.retries import SERVER_RETRIES
from orchestration.reviewed import LEARNED, ReviewedSettings
from orchestration.run_record import run_record
from orchestration.tracking import TrackingError, record

# Whose run-time choices are settings of which section.
STEPS = {"als": "factorisation", "ranker": "ranker"}


@dg.asset(
    key=["tracking", "run"],
    deps=[
        ["published", "snapshot"],
        ["serving", "rec_release"],
        ["evaluation", "evl_metric_intervals"],
        ["ml", "ranker_metrics"],
        ["intermediate", "int_interactions"],
        ["staging", "stg_catalog__items"],
        ["staging", "stg_catalog__users"],
        ["staging", "stg_events__deliveries"],
        ["staging", "stg_impressions__shown"],
    ],
    group_name="tracking",
    kinds={"mlflow"},
    pool="warehouse",
    retry_policy=SERVER_RETRIES,
)
def tracked_run(
    context: dg.AssetExecutionContext, log: MappedLog, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Record settings, metrics, plots, data and code of the run in MLflow."""
    settings = log.settings()
    used = used_settings(log.reviewed(), context.run.run_config)
    with warehouse.connect() as connection:
        entry = run_record(
            connection, used, settings.project_root, log.places().plots, context.run_id
        )
    metadata = {"store": settings.tracking_store, **entry.tags}
    try:
        metadata["mlflow_run_id"] = record(settings, log.read().name, entry)
    except TrackingError as error:
        if settings.tracking_uri and context.retry_number < SERVER_RETRIES.max_retries:
            raise
        # The lists are published; a record less is no reason to call the run a failure.
        context.log.warning(str(error))
        metadata["warning"] = str(error)
    return dg.MaterializeResult(metadata=metadata)


def used_settings(
    reviewed: ReviewedSettings, run_config: Dictionary[str, object]
) -> ReviewedSettings:
    """Put the choices of the launchpad in the place of the reviewed settings.

    Parameters
    ----------
    reviewed : ReviewedSettings
        Of the log.
    run_config : dict
        As Dagster keeps it with the run.
    """
    used, steps = reviewed, run_config.get("ops") or {}
    for section, step in STEPS.items():
        given = (steps.get(step) or {}).get("config") or {}  # type: ignore[attr-defined]
        known = {column.name for column in fields(LEARNED[section])}
        chosen = {
            name: value for name, value in given.items() if name in known and value is not None
        }
        used = used.with_values(section, chosen) if chosen else used
    return used
