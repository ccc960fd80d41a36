"""The search of one part: Optuna proposes, the folds judge, SQLite remembers."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field, replace

import optuna

from ml.search_space import Range, Space, Value, rounded, widened
from orchestration.tuning.memory import jobs_that_fit
from orchestration.tuning.objectives import Outcome
from orchestration.tuning.plan import TuningError

# What is kept with a trial beside its value, and with a study.
VALUES, SECONDS, FOLDS, ERROR = "values", "seconds", "folds", "error"
PRESENT, PEAK = "present_trial", "peak_bytes"

Submit = Callable[[int, dict[str, Value]], "Future[Outcome]"]
Say = Callable[[str], None]


@dataclass
class _Running:
    """A trial on its way through the folds."""

    trial: optuna.Trial
    values: dict[str, Value]
    judged: list[float] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Budget:
    """How much may be tried.

    Attributes
    ----------
    trials : int
        In the study at the end, with those of earlier calls.
    jobs : int
        Most at a time.
    folds : int
        That judge a trial.
    deadline : float, optional
        On the clock of `time.monotonic`; no trial but the first begins later.
    """

    trials: int
    jobs: int
    folds: int
    deadline: float | None


def open_study(storage: optuna.storages.BaseStorage, name: str) -> optuna.Study:
    """Open or make a study; trials that a killed process left unfinished are given up."""
    optuna.logging.set_verbosity(logging.WARNING)
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction="maximize",
        load_if_exists=True,
        # A trial that is worse than the median after a fold is given up.
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
    )
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    # Another seed each time: with the same one, a continued search would repeat itself.
    study.sampler = optuna.samplers.TPESampler(seed=len(study.trials), constant_liar=True)
    return study


def search(
    study: optuna.Study,
    space: Space,
    present: dict[str, Value],
    submit: Submit,
    budget: Budget,
    say: Say,
) -> None:
    """Try settings until the budget is spent; the present ones come first.

    Parameters
    ----------
    study : Study
        Of `open_study`; what was tried before counts.
    space : dict of str to Range
        What to choose from; it is widened to hold the present values.
    present : dict of str to number
        The settings that a log has now.
    submit : callable
        Gets the place of a fold, from 0, and settings; begins to judge.
    budget : Budget
        When to stop.
    say : callable
        Gets a line about each trial that ends.

    Raises
    ------
    TuningError
        If the present settings cannot be judged.
    """
    distributions = {name: distribution(bounds) for name, bounds in widened(space, present).items()}
    if not finished(study, present):
        study.enqueue_trial(present, user_attrs={VALUES: present})
        # Alone: it shows how much memory a trial takes.
        alone = replace(budget, trials=counted(study) + 1, deadline=None)
        _work(study, distributions, submit, alone, say)
    found = finished(study, present)
    if not found:
        error = study.trials[-1].user_attrs.get(ERROR, "they were not finished")
        raise TuningError(f"the present settings cannot be judged: {error}")
    study.set_user_attr(PRESENT, found[0].number)
    _work(study, distributions, submit, budget, say)


def finished(study: optuna.Study, values: dict[str, Value]) -> list[optuna.trial.FrozenTrial]:
    """List the trials of some settings that were judged by all folds."""
    complete = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    return [trial for trial in complete if trial.user_attrs[VALUES] == values]


def best_of(study: optuna.Study) -> optuna.trial.FrozenTrial:
    """Return the trial with the highest value; of equal ones the first."""
    complete = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    return max(complete, key=lambda trial: (trial.value, -trial.number))


def counted(study: optuna.Study) -> int:
    """Count the trials that used up budget: those given up early too, not those that failed."""
    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=states))


def _work(
    study: optuna.Study,
    distributions: dict[str, optuna.distributions.BaseDistribution],
    submit: Submit,
    budget: Budget,
    say: Say,
) -> None:
    """Keep as many trials going as may be, and take in what they come to."""
    running: dict[Future[Outcome], _Running] = {}
    failures = 0
    while True:
        jobs = jobs_that_fit(budget.jobs, study.user_attrs.get(PEAK, 0))
        while (
            len(running) < jobs
            and counted(study) + len(running) + failures < budget.trials
            and (budget.deadline is None or time.monotonic() < budget.deadline)
        ):
            begun = _begin(study, distributions)
            running[submit(0, begun.values)] = begun
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            entry = running.pop(future)
            try:
                outcome = future.result()
            except BrokenExecutor as error:
                raise TuningError(
                    "a process of the search was killed, perhaps for the memory it took; finished "
                    "trials are kept, and fewer --jobs take less"
                ) from error
            except (ValueError, RuntimeError) as error:
                failures += 1
                _fail(study, entry, error, say)
                continue
            if outcome.peak_bytes > study.user_attrs.get(PEAK, 0):
                study.set_user_attr(PEAK, outcome.peak_bytes)
            if _take(study, entry, outcome, budget, say):
                running[submit(len(entry.judged), entry.values)] = entry


def _begin(
    study: optuna.Study, distributions: dict[str, optuna.distributions.BaseDistribution]
) -> _Running:
    """Ask for settings, and note them as they will be tried and written down."""
    trial = study.ask(distributions)
    values = trial.user_attrs.get(VALUES)
    if values is None:
        values = {name: rounded(value) for name, value in trial.params.items()}
        trial.set_user_attr(VALUES, values)
    return _Running(trial, values)


def _take(study: optuna.Study, entry: _Running, outcome: Outcome, budget: Budget, say: Say) -> bool:
    """Note the value on one fold; tell whether the trial goes on to the next."""
    entry.judged.append(outcome.value)
    entry.seconds += outcome.seconds
    mean = sum(entry.judged) / len(entry.judged)
    entry.trial.report(mean, step=len(entry.judged))
    entry.trial.set_user_attr(SECONDS, round(entry.seconds, 3))
    entry.trial.set_user_attr(FOLDS, entry.judged)
    is_last = len(entry.judged) == budget.folds
    is_given_up = not is_last and entry.trial.should_prune()
    if not is_last and not is_given_up:
        return True
    if is_given_up:
        study.tell(entry.trial, state=optuna.trial.TrialState.PRUNED)
        outlook = "given up"
    else:
        study.tell(entry.trial, mean)
        outlook = "the best so far" if best_of(study).number == entry.trial.number else ""
    number = entry.trial.number
    say(
        f"trial {number}: nDCG@10 {mean:.4f} on {len(entry.judged)} of {budget.folds} folds, "
        f"{entry.seconds:.0f} s{', ' if outlook else ''}{outlook}"
    )
    return False


def _fail(study: optuna.Study, entry: _Running, error: Exception, say: Say) -> None:
    """Keep a trial that could not be computed, with the reason."""
    entry.trial.set_user_attr(ERROR, str(error))
    study.tell(entry.trial, state=optuna.trial.TrialState.FAIL)
    say(f"trial {entry.trial.number}: failed: {error}")


def distribution(bounds: Range) -> optuna.distributions.BaseDistribution:
    """Say to Optuna what may be chosen."""
    if bounds.is_whole:
        return optuna.distributions.IntDistribution(
            int(bounds.low), int(bounds.high), log=bounds.is_log
        )
    return optuna.distributions.FloatDistribution(bounds.low, bounds.high, log=bounds.is_log)
