"""What is run together, and when."""

import dagster as dg

from orchestration.assets.dbt import CATALOGUE, RULES, feature_models, serving_models
from orchestration.assets.off_policy import off_policy
from orchestration.assets.promotion import promotion
from orchestration.assets.publish import release, snapshot
from orchestration.assets.refreshing import refreshed_rows
from orchestration.assets.tuning import tuning

# Every asset replaces its tables as a whole: a run that failed halfway is simply started again.
# Steps that talk to a server are tried again by themselves (`retries.py`).
topshelf = dg.define_asset_job(
    "topshelf",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(tuning, refreshed_rows),
    description="From the mapped log to the published snapshot.",
)
# Off-policy values are those of the lists of the last run, at its moments.
MEASURED = dg.AssetSelection.groups("experiments") - dg.AssetSelection.assets(
    off_policy, ["experiments", "exp_logged_actions"], ["experiments", "exp_off_policy_values"]
)
measure = dg.define_asset_job(
    "measure",
    # Which experiments there are is read by a run: the application must know the same.
    selection=MEASURED.upstream() - dg.AssetSelection.groups("seeds")
    | dg.AssetSelection.assets(["monitoring", "mon_rejected_experiments"], snapshot),
    description="Experiments and retention until now; nothing is learned, and no list changes.",
)
tune = dg.define_asset_job(
    "tune",
    selection=dg.AssetSelection.assets(tuning, ["evaluation", "evl_trials"]),
    description="Search for better settings on periods before the test period.",
)
serve_only = dg.define_asset_job(
    "serve_only",
    selection=dg.AssetSelection.assets(
        *CATALOGUE,
        *(key for key in feature_models.keys if key.path[-1] in RULES),
        serving_models,
        snapshot,
        release,
        promotion,
    ),
    description=(
        "Build the served tables again from the last release and the catalogue as it is now, and "
        "publish them."
    ),
)
refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.assets(refreshed_rows),
    description="Lists and features of the users who did something since the last run.",
)
daily = dg.ScheduleDefinition(
    name="daily",
    job=topshelf,
    cron_schedule="0 4 * * *",
    execution_timezone="UTC",
    description="Every day at 04:00 UTC. Switch it on in Dagster's pages.",
)
