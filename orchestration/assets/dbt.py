"""The dbt project as assets, in four runs: Python learns or measures something between them."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration.manifest import parsed_here, prepared_project
from orchestration.resources import MappedLog, Warehouse
from orchestration.row_counts import with_row_counts
from orchestration.settings import PROJECT_ROOT, building_at

dbt_project = prepared_project(PROJECT_ROOT)

# A test that spans two runs belongs to the later one: `buildable` runs it only where everything
# it reads is built or older than what is built. Unit tests examine the code, not the log: they
# run with the tests of the project.
BUILD = ["build", "--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]
# Every statement, written to a log that nobody reads, takes a tenth of the time of a small build.
BUILD += ["--log-level-file", "info"]

# What can be had, and who there is: read anew whenever lists are built.
CATALOGUE = (["staging", "stg_catalog__items"], ["staging", "stg_catalog__users"])

# Rules of people, read, and what may be offered under them: they are measured before they are
# applied, Python finds what is like the items that are left with no neighbour, and a line that
# cannot be applied stops the run before anything is learnt.
RULES = (
    "rules",
    "srv_rule_lines",
    "srv_rules",
    "srv_item_rules",
    "srv_items",
    "mon_rejected_rules",
)

# The lists to be measured, with those of their ancestors that are in the same folder.
LISTS = (
    "+evl_lists,evaluation +evl_relevant_pairs,evaluation +evl_items,evaluation "
    "+evl_choice_quality,evaluation"
)

# What Python inferred from the sums of the experiments and from logged propensities.
INFERRED = (
    "exp_results exp_looks exp_decisions exp_outlook ret_survival_curves exp_off_policy_values"
)


@dbt_assets(
    manifest=dbt_project.manifest_path,
    project=dbt_project,
    name="feature_models",
    select=(
        "staging intermediate features candidates training event_types experiments "
        f"{' '.join(RULES)}"
    ),
    exclude=INFERRED,
    pool="warehouse",
)
def feature_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Clean the log; build features, SQL recommenders, training tables, sums of experiments."""
    yield from _build(context, dbt, log, warehouse)


@dbt_assets(
    manifest=dbt_project.manifest_path,
    project=dbt_project,
    name="ranking_models",
    select="ranking",
    pool="warehouse",
)
def ranking_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Join the candidates of all sources with their features."""
    yield from _build(context, dbt, log, warehouse)


@dbt_assets(
    manifest=dbt_project.manifest_path,
    project=dbt_project,
    name="list_models",
    select=LISTS,
    pool="warehouse",
)
def list_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Write down the lists that every system would have shown in the test period."""
    yield from _build(context, dbt, log, warehouse)


@dbt_assets(
    manifest=dbt_project.manifest_path,
    project=dbt_project,
    name="serving_models",
    select=f"serving evaluation monitoring {INFERRED}",
    exclude=f"{LISTS} {' '.join(RULES)}",
    pool="warehouse",
)
def serving_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Build the tables that are looked up, and those that say how good all is."""
    yield from _build(context, dbt, log, warehouse)


def _build(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, log: MappedLog, warehouse: Warehouse
) -> Iterator:
    """Run the selected models on the mapped log."""
    log.settings().export()
    places = log.places()
    places.make_folders()
    with warehouse.connect(read_only=False):
        pass  # Waits until nobody else has the file open: dbt would fail at once.
    variables = parsed_here(log.dbt_vars(), Path(log.project_root))
    with building_at(variables["mapping"].pop("as_of", None)):
        invocation = dbt.cli(
            [*BUILD, "--vars", json.dumps(variables)],
            context=context,
            # One folder for all: a mapping that changed has the project parsed anew, which takes
            # longer than most of the models, once and not four times. Nothing piles up.
            target_path=places.home / "dbt",
        )
    yield from with_row_counts(context, invocation.stream(), warehouse)
