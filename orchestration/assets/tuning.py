"""The search for better settings, as a job of its own."""

import json

import dagster as dg
import pandas as pd
from pydantic import Field

from ml.search_plots import history_figure, slice_figure
from orchestration.dbt_macros import dbt_macro
from orchestration.figures import Figures, saved
from orchestration.resources import MappedLog, Warehouse
from orchestration.run_record import revision_tags, trial_records
from orchestration.tracking import Record, TrackingError, record
from orchestration.tuning.plan import TuningPlan, TuningResult
from orchestration.tuning.search import tune

TRIALS = "ml.tuning_trials"


class TuningConfig(dg.Config):
    """What to search, and how long."""

    trials: int = TuningPlan.trials
    timeout_seconds: float | None = TuningPlan.timeout_seconds
    # Empty: all.
    parts: list[str] = Field(default_factory=list)
    folds: int = TuningPlan.folds
    jobs: int = TuningPlan.jobs
    # Whether the settings file itself is written, if nobody changes it; else a proposal beside it.
    write: bool = False

    def plan(self) -> TuningPlan:
        """Return the plan, checked."""
        return TuningPlan(
            self.trials,
            self.timeout_seconds,
            tuple(self.parts) or TuningPlan.parts,
            self.folds,
            self.jobs,
        )


@dg.asset(
    key=["ml", "tuning_trials"],
    deps=[["mapped", name] for name in ("events", "items", "users", "impressions")],
    group_name="tuning",
    kinds={"python", "optuna"},
    pool="warehouse",
)
def tuning(
    context: dg.AssetExecutionContext, config: TuningConfig, log: MappedLog, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Search for better settings on periods before the test period."""
    result = tune(log.settings(), config.plan(), context.log.info, accept=config.write)
    log.places().make_folders()
    with warehouse.connect(read_only=False) as connection:
        # The first run of all may not have been yet.
        connection.execute(dbt_macro("create_ml_tables", log.settings().project_root)())
    count = warehouse.replace(TRIALS, result.trials)
    figures = search_figures(result, log)
    _record(context, result, log)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": count,
            "settings_file": str(result.file or "none, nothing was better"),
            "reason": result.reason,
            "setting": result.setting,
            "parts": [
                {
                    "part": part.part,
                    "study": part.study,
                    "present_value": part.present_value,
                    "best_value": part.best_value,
                    "best_trial": part.best_trial,
                    "best": part.best,
                    "complete": part.finished,
                    "pruned": part.pruned,
                    "failed": part.failed,
                }
                for part in result.parts
            ],
            **figures,
        }
    )


def _record(context: dg.AssetExecutionContext, result: TuningResult, log: MappedLog) -> None:
    """Keep each study in MLflow, its trials nested in it; without MLflow, say so and go on."""
    settings = log.settings()
    for part in result.parts:
        study = Record(
            name=part.study,
            metrics={"best_ndcg_10": part.best_value, "present_ndcg_10": part.present_value},
            tags={"part": part.part, **revision_tags(settings.project_root)},
            files=sorted(log.places().plots.glob(f"tuning_{part.part}_*.png")),
        )
        try:
            record(settings, log.read().name, study, trial_records(result.trials, part.study))
        except TrackingError as error:
            context.log.warning(str(error))


def search_figures(result: TuningResult, log: MappedLog) -> Figures:
    """Draw how each search went, and what each setting does."""
    figures = {}
    for part in result.parts:
        trials = _complete(result.trials, part.study)
        importances = result.importances[part.part]
        figures[f"tuning_{part.part}_history"] = history_figure(trials, part.part)
        figures[f"tuning_{part.part}_slices"] = slice_figure(
            trials.join(pd.DataFrame(list(trials.pop("parameters").map(json.loads)))),
            importances,
            part.part,
        )
    return saved(figures, log.places().plots)


def _complete(trials: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return the trials of a study that all folds judged, with what a figure needs."""
    chosen = trials.loc[(trials["study"] == study) & (trials["state"] == "complete")]
    columns = ["trial_number", "value", "is_present", "parameters"]
    return chosen[columns].reset_index(drop=True)
