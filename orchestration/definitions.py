"""The code location: `dagster dev`, the command line and the tests load it from here."""

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.assets.content import similar_contents
from orchestration.assets.dbt import (
    dbt_project,
    feature_models,
    list_models,
    ranking_models,
    serving_models,
)
from orchestration.assets.evaluation import evaluation
from orchestration.assets.experiments import experiments
from orchestration.assets.explaining import explanations
from orchestration.assets.features import feature_files, feature_registry, online_features
from orchestration.assets.learning import factorisation
from orchestration.assets.lists import diverse_positions, measured_list_costs
from orchestration.assets.mapped import mapped_log
from orchestration.assets.off_policy import off_policy
from orchestration.assets.promotion import promotion
from orchestration.assets.publish import release, snapshot
from orchestration.assets.ranking import ranker
from orchestration.assets.refreshing import refreshed_rows
from orchestration.assets.tracking import tracked_run
from orchestration.assets.tuning import tuning
from orchestration.checks import checks
from orchestration.jobs import daily, measure, refresh, serve_only, topshelf, tune
from orchestration.resources import resources_of
from orchestration.sensors import landed_events_sensor
from orchestration.settings import Settings, read_settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """Assemble the graph for the log and the places that `settings` name."""
    return dg.Definitions(
        assets=[
            mapped_log,
            feature_models,
            feature_files,
            feature_registry,
            factorisation,
            similar_contents,
            ranking_models,
            ranker,
            diverse_positions,
            list_models,
            evaluation,
            measured_list_costs,
            experiments,
            off_policy,
            serving_models,
            explanations,
            online_features,
            snapshot,
            release,
            tracked_run,
            promotion,
            tuning,
            refreshed_rows,
        ],
        asset_checks=checks,
        jobs=[topshelf, measure, serve_only, tune, refresh],
        schedules=[daily],
        sensors=[landed_events_sensor(settings)],
        resources={
            **resources_of(settings),
            "dbt": DbtCliResource(project_dir=dbt_project),
        },
        # A run whose steps had processes of their own would read its mapping in each.
        executor=dg.in_process_executor,
    )


defs = build_definitions(read_settings())
