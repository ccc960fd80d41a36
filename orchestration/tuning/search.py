"""The whole search: part after part, each on the ground of the ones before."""

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import duckdb
import optuna

from ml.search_space import SPACES, Value
from orchestration.fingerprint import log_fingerprint
from orchestration.mapping import Mapping, load_mapping, settings_file
from orchestration.reviewed import ReviewedSettings, load_reviewed, sql_defaults
from orchestration.run_lock import only_run
from orchestration.settings import Settings
from orchestration.tuning.digest import code_digest, digest_of
from orchestration.tuning.folds import Fold, build_frame, build_lists, make_folds
from orchestration.tuning.objectives import Outcome, Task, judge
from orchestration.tuning.plan import PartResult, TuningPlan, TuningResult
from orchestration.tuning.processes import Here, end_with_parent
from orchestration.tuning.study import Budget, best_of, finished, open_study, search
from orchestration.tuning.trials import importances_of, trials_of
from orchestration.tuning.writing import comment_of, content_of, write_found

Say = Callable[[str], None]
# Parts that reorder the candidates of all sources.
ON_CANDIDATES = ("blend", "ranker")
# The section of a settings file that holds a part, where it is not called like that.
SECTIONS = {"blend": "sql"}


def tune(settings: Settings, plan: TuningPlan, say: Say, *, accept: bool = False) -> TuningResult:
    """Search for better settings of a log, and propose them in a settings file.

    Finished trials are kept in `tuning/studies.db` below the folder of the log; another call
    continues there, as long as log, models and the settings of the other parts are the same.

    Parameters
    ----------
    settings : Settings
        Which log.
    plan : TuningPlan
        What to search, and how long.
    say : callable
        Gets a line about each step.
    accept : bool
        Whether the settings file itself is written; else, or if the file was changed meanwhile, a
        proposal beside it.

    Raises
    ------
    TuningError
        If the log is too short, or the present settings cannot be judged.
    LogInUseError
        If another search runs on the same log.
    """
    mapping = load_mapping(settings.mapping, settings.project_root)
    folder = settings.places(mapping.name).tuning
    with only_run(folder, f"search-{os.getpid()}"):
        shutil.rmtree(folder / "copies", ignore_errors=True)
        say("finding the test period")
        folds = make_folds(settings, folder, plan.folds)
        for fold in folds:
            say(f"fold {fold.number}: the {mapping.horizon_days} days before {fold.as_of}")
        ground = digest_of(
            mapping.model_dump(mode="json"),
            [fold.as_of for fold in folds],
            code_digest(settings.project_root),
            _log_digest(folder / "log" / mapping.name / "warehouse.duckdb"),
        )
        whole = _Search(settings, mapping, plan, folds, ground, folder, say)
        return whole.run(accept=accept)


class _Search:
    """A search on prepared folds."""

    def __init__(
        self,
        settings: Settings,
        mapping: Mapping,
        plan: TuningPlan,
        folds: list[Fold],
        ground: str,
        folder: Path,
        say: Say,
    ) -> None:
        self.settings, self.mapping, self.plan, self.folds = settings, mapping, plan, folds
        self.ground, self.folder, self.say = ground, folder, say
        self.setting = "with_repeats" if mapping.repeats else "new_items"
        self.storage = optuna.storages.RDBStorage(f"sqlite:///{folder / 'studies.db'}")
        self.began = time.monotonic()

    def run(self, *, accept: bool) -> TuningResult:
        """Search part after part, and write what was found."""
        root = self.settings.project_root
        content = content_of(settings_file(self.mapping))
        present = load_reviewed(self.mapping, root)
        chosen, results, importances = present, [], {}
        parts = [part for part in SPACES if part in self.plan.parts]
        for place, part in enumerate(parts):
            study, result = self._search(part, chosen, len(parts) - place)
            if result.best_value > result.present_value:
                chosen = chosen.with_values(SECTIONS.get(part, part), result.best)
            results.append(result)
            importances[part] = importances_of(study)
        file, reason = None, ""
        if any(result.best_value > result.present_value for result in results):
            periods = [fold.as_of for fold in self.folds]
            told = comment_of(self.mapping, periods, self.setting, present, results)
            file, reason = write_found(self.mapping, root, chosen, told, content, accept=accept)
        trials = trials_of(self.storage)
        return TuningResult(results, trials, importances, self.setting, file, reason)

    def _search(
        self, part: str, chosen: ReviewedSettings, parts_left: int
    ) -> tuple[optuna.Study, PartResult]:
        """Search one part with the others as they were chosen."""
        space = SPACES[part]
        study = open_study(self.storage, f"{part}-{self._ground(part, chosen)}")
        study.set_user_attr("part", part)
        study.set_user_attr("setting", self.setting)
        self._build(part, chosen)
        before = present_values(chosen, part, self.settings.project_root)
        with self._executor() as executor:
            self.say(f"{part}: {len(study.trials)} earlier trials, {self.plan.trials} wanted")

            def submit(fold: int, values: dict[str, Value]) -> Future[Outcome]:
                task = Task(
                    part, self.folds[fold], chosen, values, self.setting, self.folder / "copies"
                )
                return executor.submit(judge, task)

            search(study, space, before, submit, self._budget(parts_left), self._saying(part))
        return study, self._result(part, study, before)

    def _build(self, part: str, chosen: ReviewedSettings) -> None:
        for fold in self.folds:
            if part in ON_CANDIDATES:
                self.say(f"{part}: candidates and features of fold {fold.number}")
                build_frame(fold, chosen, digest_of(self.ground, chosen.sql, asdict(chosen.als)))
            else:
                self.say(f"{part}: tables of fold {fold.number}")
                build_lists(fold, chosen, digest_of(self.ground, chosen.sql))

    def _ground(self, part: str, chosen: ReviewedSettings) -> str:
        """Name what the values of a part depend on beside what is searched."""
        earlier = list(SPACES)[: list(SPACES).index(part)]
        used = {name: section_of(chosen, name) for name in earlier}
        own = section_of(chosen, part)
        fixed = {name: value for name, value in own.items() if name not in SPACES[part]}
        return digest_of(self.ground, self.setting, part, used, fixed)

    def _budget(self, parts_left: int) -> Budget:
        """Share the time that is left among the parts that are left."""
        deadline = None
        if self.plan.timeout_seconds is not None:
            now = time.monotonic()
            left = max(self.began + self.plan.timeout_seconds - now, 0.0)
            deadline = now + left / parts_left
        return Budget(self.plan.trials, self.plan.jobs, len(self.folds), deadline)

    def _executor(self) -> Executor:
        if self.plan.jobs == 1:
            return Here()
        # A fork would inherit the threads and locks of DuckDB and numba.
        return ProcessPoolExecutor(
            self.plan.jobs, multiprocessing.get_context("spawn"), initializer=end_with_parent
        )

    def _saying(self, part: str) -> Say:
        return lambda line: self.say(f"{part}: {line}")

    def _result(self, part: str, study: optuna.Study, before: dict[str, Value]) -> PartResult:
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        best = best_of(study)
        return PartResult(
            part=part,
            study=study.study_name,
            finished=states.count(optuna.trial.TrialState.COMPLETE),
            pruned=states.count(optuna.trial.TrialState.PRUNED),
            failed=states.count(optuna.trial.TrialState.FAIL),
            present_value=float(finished(study, before)[0].value or 0.0),
            best_value=float(best.value or 0.0),
            best_trial=best.number,
            best=best.user_attrs["values"],
        )


def section_of(chosen: ReviewedSettings, part: str) -> dict[str, Value]:
    """Return the settings of a part: all of a model, of dbt those that are overridden."""
    if SECTIONS.get(part, part) != "sql":
        return asdict(getattr(chosen, part))
    # What is added up comes after what is proposed, though one section of the file holds both.
    return {
        name: value
        for name, value in chosen.sql.items()
        if (name in SPACES["blend"]) == (part == "blend")
    }


def present_values(chosen: ReviewedSettings, part: str, project_root: Path) -> dict[str, Value]:
    """Return what the settings say of each name in the space of a part."""
    defaults = sql_defaults(project_root) if SECTIONS.get(part, part) == "sql" else {}
    known = {**defaults, **section_of(chosen, part)}
    return {name: known[name] for name in SPACES[part]}


def _log_digest(warehouse: Path) -> str:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return log_fingerprint(connection).content
