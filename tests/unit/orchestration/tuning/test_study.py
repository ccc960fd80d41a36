import time
from concurrent.futures import Future, ThreadPoolExecutor

import optuna
import pytest

from ml.search_space import Range
from orchestration.tuning import study as module
from orchestration.tuning.objectives import Outcome
from orchestration.tuning.plan import TuningError
from orchestration.tuning.study import Budget, best_of, counted, finished, open_study, search
from orchestration.tuning.trials import importances_of, trials_of

SPACE = {"size": Range(1, 100, is_log=True, is_whole=True), "share": Range(0, 1)}
PRESENT = {"size": 10, "share": 0.12345}
STATES = optuna.trial.TrialState


@pytest.fixture
def storage():
    return optuna.storages.InMemoryStorage()


@pytest.fixture
def on_disk(tmp_path):
    return lambda: optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 'studies.db'}")


def quality(fold, values):
    """Best at a share of 1, on either fold."""
    return 0.1 + 0.1 * fold + 0.5 * values["share"]


class Judge:
    """Computes at once, and keeps what it was asked."""

    def __init__(self, function=quality, memory=1):
        self.asked, self.function, self.memory = [], function, memory

    def __call__(self, fold, values):
        """Judge settings on a fold."""
        self.asked.append((fold, values))
        future = Future()
        try:
            future.set_result(Outcome(self.function(fold, values), 0.5, self.memory))
        except Exception as error:
            future.set_exception(error)
        return future


def run(storage, judge, trials=6, deadline=None, jobs=1, name="als-1"):
    study, said = open_study(storage, name), []
    search(study, SPACE, PRESENT, judge, Budget(trials, jobs, 2, deadline), said.append)
    return study, said


def test_the_present_settings_are_the_first_trial_word_for_word(storage):
    judge = Judge()
    study, said = run(storage, judge)
    assert judge.asked[:2] == [(0, PRESENT), (1, PRESENT)]
    assert said[0].startswith("trial 0: nDCG@10 0.2117 on 2 of 2 folds, 1 s, the best so far")
    (present,) = finished(study, PRESENT)
    # 0.15 is the mean of the folds, half the share is added.
    assert present.value == pytest.approx(0.15 + 0.5 * 0.12345)


def test_what_is_tried_is_what_is_written_down(storage):
    judge = Judge()
    study, _ = run(storage, judge)
    assert len(study.trials) == 6
    for trial in study.trials[1:]:
        assert trial.user_attrs["values"]["share"] == float(f"{trial.params['share']:.3g}")
        assert (0, trial.user_attrs["values"]) in judge.asked
        assert 1 <= trial.user_attrs["values"]["size"] <= 100


def test_the_winner_was_judged_by_all_folds_and_the_first_of_equals_wins(storage):
    study, _ = run(storage, Judge(lambda fold, values: 0.3))
    assert best_of(study).number == 0
    study, _ = run(storage, Judge(), trials=20, name="als-2")
    best = best_of(study)
    assert best.state == STATES.COMPLETE
    assert best.value == max(trial.value for trial in study.get_trials(states=[STATES.COMPLETE]))
    assert best.user_attrs["values"]["share"] > 0.8


def test_a_trial_below_the_median_is_given_up_after_a_fold(storage):
    judge = Judge()
    study, said = run(storage, judge, trials=30)
    pruned = study.get_trials(states=[STATES.PRUNED])
    assert pruned
    assert any("on 1 of 2 folds" in line and "given up" in line for line in said)
    for trial in pruned:
        values = trial.user_attrs["values"]
        assert [fold for fold, asked in judge.asked if asked == values] == [0]
    assert counted(study) == 30


def test_a_second_call_goes_on_where_the_first_stopped(on_disk):
    run(on_disk(), Judge(), trials=3)
    judge = Judge()
    study, _ = run(on_disk(), judge, trials=5)
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3, 4]
    assert (0, PRESENT) not in judge.asked
    assert len({str(trial.user_attrs["values"]) for trial in study.trials}) == 5
    judge = Judge()
    run(on_disk(), judge, trials=5)
    assert judge.asked == []


def test_a_trial_that_was_cut_off_is_given_up_and_the_finished_ones_are_kept(on_disk):
    def cut(fold, values):
        if values != PRESENT:
            raise KeyboardInterrupt
        return Judge()(fold, values)

    with pytest.raises(KeyboardInterrupt):
        run(on_disk(), cut, trials=3)
    left = optuna.load_study(study_name="als-1", storage=on_disk())
    assert [trial.state for trial in left.trials] == [STATES.COMPLETE, STATES.RUNNING]
    study, _ = run(on_disk(), Judge(), trials=3)
    assert [trial.state for trial in study.trials][:2] == [STATES.COMPLETE, STATES.FAIL]
    assert counted(study) == 3


def test_settings_that_changed_since_are_tried_too(storage):
    run(storage, Judge(), trials=2)
    study = open_study(storage, "als-1")
    now = {"size": 7, "share": 0.5}
    search(study, SPACE, now, Judge(), Budget(2, 1, 2, None), print)
    assert finished(study, now)
    rows = trials_of(storage).set_index("trial_number")
    assert list(rows["is_present"]) == [False, False, True]


def test_a_trial_that_cannot_be_computed_is_kept_with_its_reason(storage):
    def half(fold, values):
        if values["share"] > 0.5:
            raise ValueError("scores must be finite")
        return quality(fold, values)

    study, said = run(storage, Judge(half), trials=8)
    failed = study.get_trials(states=[STATES.FAIL])
    assert failed
    assert {trial.user_attrs["error"] for trial in failed} == {"scores must be finite"}
    assert any(line.endswith("failed: scores must be finite") for line in said)
    # A failure uses up budget, else a search of failures would not end.
    assert len(study.trials) == 8


def test_present_settings_that_cannot_be_judged_end_the_search(storage):
    def never(fold, values):
        raise RuntimeError("no such table")

    with pytest.raises(TuningError, match="the present settings cannot be judged: no such table"):
        run(storage, Judge(never))


def test_after_the_deadline_only_the_present_settings_are_tried(storage):
    study, _ = run(storage, Judge(), deadline=time.monotonic() - 1)
    assert [trial.user_attrs["values"] for trial in study.trials] == [PRESENT]


@pytest.mark.parametrize(("memory", "most"), [(1, 3), (2**60, 1)])
def test_trials_at_a_time_are_bounded_by_jobs_and_memory(storage, monkeypatch, memory, most):
    monkeypatch.setattr(module, "jobs_that_fit", lambda jobs, peak: jobs if peak < 2**40 else 1)
    busy, seen = [], []

    def slowly(fold, values):
        busy.append(values)
        seen.append(len(busy))
        time.sleep(0.1)
        busy.remove(values)
        return Outcome(quality(fold, values), 0.0, memory)

    with ThreadPoolExecutor(8) as executor:
        study, _ = run(
            storage, lambda fold, values: executor.submit(slowly, fold, values), 9, jobs=3
        )
    assert max(seen) == most
    # The first alone: it shows what a trial takes.
    assert seen[0] == 1
    assert counted(study) == 9


def test_the_table_holds_every_trial_that_ended(storage):
    def half(fold, values):
        if values["share"] > 0.9:
            raise ValueError("scores must be finite")
        return quality(fold, values)

    study, _ = run(storage, Judge(half), trials=25)
    study.set_user_attr("part", "als")
    study.set_user_attr("setting", "new_items")
    rows = trials_of(storage)
    assert len(rows) == len(study.trials)
    assert set(rows["state"]) == {"complete", "pruned", "failed"}
    assert set(zip(rows["state"], rows["fold_count"], strict=True)) == {
        ("complete", 2),
        ("pruned", 1),
        ("failed", 0),
    }
    assert list(rows.loc[rows["is_present"], "trial_number"]) == [0]
    assert rows.loc[rows["state"] == "failed", "value"].isna().all()
    assert rows["finished_at"].notna().all()


def test_importances_find_the_setting_that_matters(storage):
    study, _ = run(storage, Judge(), trials=30)
    shares = importances_of(study)
    assert next(iter(shares)) == "share"
    assert sum(shares.values()) == pytest.approx(1)
    few, _ = run(storage, Judge(), trials=3, name="als-2")
    assert importances_of(few) == {}
    equal, _ = run(storage, Judge(lambda fold, values: 0.5), trials=12, name="als-3")
    assert importances_of(equal) == {}
