"""The dbt project as assets, in three runs: what each stage of learning needs, and what needs it."""

import json
from collections.abc import Iterator

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration.manifest import prepared_project
from orchestration.mapping import dbt_vars
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT

dbt_project = prepared_project(PROJECT_ROOT)

# A test that spans two runs belongs to the later one: `buildable` runs it only where everything
# it reads is built or older than what is built. Unit tests examine the code, not the log: they
# run with the tests of the project.
BUILD = ["build", "--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]


@dbt_assets(
    manifest=dbt_project.manifest_path,
    project=dbt_project,
    name="feature_models",
    select="staging intermediate features candidates training event_types",
    pool="warehouse",
)
def feature_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Clean the log and build features, SQL recommenders and training tables."""
    yield from _build(context, dbt, log, warehouse)


@dbt_assets(
    manifest=dbt_project.manifest_path,
    project=dbt_project,
    name="ranking_models",
    select="ranking +evl_baseline_lists,evaluation",
    pool="warehouse",
)
def ranking_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Join candidates of all sources with their features, and list what simple systems show."""
    yield from _build(context, dbt, log, warehouse)


@dbt_assets(
    manifest=dbt_project.manifest_path,
    project=dbt_project,
    name="serving_models",
    select="serving evaluation monitoring",
    exclude="+evl_baseline_lists",
    pool="warehouse",
)
def serving_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Turn ranked candidates into the tables that are looked up, and per-user metrics into means."""
    yield from _build(context, dbt, log, warehouse)


def _build(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Run the selected models on the mapped log."""
    log.settings().export()
    log.places().make_folders()
    with warehouse.connect(read_only=False):
        pass  # Waits until nobody else has the file open: dbt would fail at once.
    arguments = [*BUILD, "--vars", json.dumps(dbt_vars(log.read()))]
    yield from dbt.cli(arguments, context=context).stream()
