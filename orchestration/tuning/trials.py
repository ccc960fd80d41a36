"""Trials as a table, and what they say about the settings."""

import json
from datetime import UTC

import optuna
import pandas as pd

from orchestration.tuning.study import FOLDS, PRESENT, SECONDS, VALUES

STATES = {
    optuna.trial.TrialState.COMPLETE: "complete",
    optuna.trial.TrialState.PRUNED: "pruned",
    optuna.trial.TrialState.FAIL: "failed",
}
# With fewer, an importance is a guess.
FEWEST_FOR_IMPORTANCES = 10


def trials_of(storage: optuna.storages.BaseStorage) -> pd.DataFrame:
    """Return all trials that have ended, of all studies, as rows of `TuningTrials`."""
    rows = [
        _row(study, trial)
        for study in optuna.get_all_study_summaries(storage)
        for trial in optuna.load_study(study_name=study.study_name, storage=storage).trials
        if trial.state in STATES and VALUES in trial.user_attrs
    ]
    return pd.DataFrame(rows)


def importances_of(study: optuna.Study) -> dict[str, float]:
    """Return how much of the differences between trials each setting explains, largest first.

    Shares that sum to 1 (functional analysis of variance); empty if there are too few trials, or
    all are equal.
    """
    complete = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    if len(complete) < FEWEST_FOR_IMPORTANCES or len({trial.value for trial in complete}) == 1:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def _row(study: "optuna.study.StudySummary", trial: optuna.trial.FrozenTrial) -> dict[str, object]:
    judged = trial.user_attrs.get(FOLDS, [])
    ended = trial.datetime_complete
    return {
        "study": study.study_name,
        "part": study.user_attrs.get("part"),
        "trial_number": trial.number,
        "setting": study.user_attrs.get("setting"),
        "state": STATES[trial.state],
        "parameters": json.dumps(trial.user_attrs[VALUES]),
        "fold_count": len(judged),
        "value": sum(judged) / len(judged) if judged else None,
        "seconds": float(trial.user_attrs.get(SECONDS, 0.0)),
        "is_present": trial.number == study.user_attrs.get(PRESENT),
        # Optuna writes local time.
        "finished_at": ended.astimezone(UTC).replace(tzinfo=None) if ended else None,
    }
