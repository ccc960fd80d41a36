"""Decisions on sums worked out by hand, and on what goes wrong in experiments."""

import numpy as np
import pandas as pd
import pytest

from ml.experiments.decisions import experiment_decisions
from ml.experiments.results import experiment_results
from ml.experiments.schemas import (
    ExperimentResults,
)
from tests.unit.ml.experiments.worked import (
    BETTER,
    METRICS,
    SAME,
    WORSE,
    arms,
    checks,
    decided,
    experiments,
    sums,
    values,
    verdict,
)


def test_better_without_harm_ships_and_says_why():
    harmless = sums({"old": values(20, 1000), "new": values(21, 1000)}, "negative_events")
    found = decided(pd.concat([BETTER, harmless]), guardrails="negative_events:0.05")
    assert verdict(found)[0] == "ship"
    # Errors of 0.3 * 0.7 / 999 + 0.4 * 0.6 / 999, 3.0354 of them to each side.
    assert verdict(found)[1] == (
        "Ship new. Back on day 7: 40.0% against 30.0% in control, a difference of +10.0 percentage "
        "points (95% interval +3.6 to +16.4), over 2,000 users whose 8 days are over (100% of "
        "those not set aside): better."
    )
    assert found["step"].tolist() == [
        "schema",
        "join rate",
        "sample ratio",
        "guardrail negative_events",
        "primary metric",
        "rollback ready",
        "verdict",
    ]


@pytest.mark.parametrize(
    ("frame", "changes", "words"),
    [
        (WORSE, {}, "control is better"),
        (BETTER, {"join_rate": 0.5}, "below 90%, outcomes are lost"),
        (BETTER, {"naming_share": 0.09}, "9% name a list: below 10%"),
        (BETTER, {"exposed_count": 2200}, "200 (9.1%) are set aside"),
        (SAME, {}, "it has run its time without an answer"),
    ],
)
def test_it_stops(frame, changes, words):
    found = verdict(decided(frame, **changes))
    assert found[0] == "stop"
    assert words in found[1]


def test_harm_beyond_the_margin_stops_what_the_primary_metric_would_ship():
    harmful = sums({"old": values(20, 1000), "new": values(150, 1000)}, "negative_events")
    found = verdict(decided(pd.concat([BETTER, harmful]), guardrails="negative_events:0.02"))
    assert found[0] == "stop"
    assert "Dislikes: changed by +0.13" in found[1]


def test_what_is_no_share_keeps_its_unit_and_a_share_has_points_for_its_margin_too():
    harm = {"old": values(20, 1000), "new": values(150, 1000)}
    told = guardrail(sums(harm, "negative_events"), 0.02)["words"]
    assert told.startswith("Dislikes: changed by +0.13 (95% interval +0.0")
    assert told.endswith("): worse by more than 0.02.")
    faulty = sums(harm, "error_share")
    steps = decided(pd.concat([BETTER, faulty]), guardrails="error_share:0.02").set_index("step")
    told = steps.loc["guardrail error_share", "words"]
    assert told.startswith("Faulty lists: changed by +13.0 percentage points (95% interval +")
    assert told.endswith("): worse by more than 2 percentage points.")


def test_a_share_that_never_rose_above_nothing_is_at_most_so_many_points():
    never = sums({"old": values(0, 1000), "new": values(0, 1000)}, "error_share")
    steps = decided(pd.concat([BETTER, never]), guardrails="error_share:0.02").set_index("step")
    words = "none of 1,000: at most 0.3 percentage points, worse by less than 2 percentage points."
    assert words in steps.loc["guardrail error_share", "words"]


@pytest.mark.parametrize(("margin", "status"), [(0.003, "passed"), (0.0029, "waiting")])
def test_harm_that_never_happened_is_at_most_three_in_all_users(margin, status):
    never = sums({"old": values(0, 1000), "new": values(0, 1000)}, "negative_events")
    step = guardrail(never, margin)
    assert (step["status"], step["value"]) == (status, 0.003)


def test_harm_that_comes_ten_at_a_time_could_be_ten_times_as_much_unseen():
    once = sums({"old": values(20, 1000), "new": values(0, 1000)}, "negative_events")
    tenfold = sums({"old": 10 * values(20, 1000), "new": values(0, 1000)}, "negative_events")
    assert guardrail(once, 0.01)["status"] == "passed"
    assert guardrail(tenfold, 0.01)["status"] == "passed"
    rare = {"old": values(1, 1000), "new": values(0, 1000)}
    assert guardrail(sums(rare, "negative_events"), 0.02)["status"] == "passed"
    rare["old"] = 10 * rare["old"]
    assert guardrail(sums(rare, "negative_events"), 0.02)["status"] == "waiting"


@pytest.mark.parametrize("lists", [1, 100])
def test_what_could_happen_to_few_users_only_waits(lists):
    # Of a thousand users of each arm ten had lists of which it is known.
    never = {"old": values(0, 1000), "new": values(0, 1000)}
    step = guardrail(sums(never, "negative_events", lists * values(10, 1000)), 0.02)
    assert step["status"] == "waiting"


def guardrail(harm: pd.DataFrame, margin: float) -> pd.Series:
    """Return the step of the guardrail of what `BETTER` would ship."""
    found = decided(pd.concat([BETTER, harm]), guardrails=f"negative_events:{margin}")
    return found.loc[found["step"] == "guardrail negative_events"].iloc[0]


def test_harm_that_never_happened_in_control_is_named():
    harmful = sums({"old": values(0, 1000), "new": values(50, 1000)}, "negative_events")
    found = decided(pd.concat([BETTER, harmful]), guardrails="negative_events:0.01")
    step = found.loc[found["step"] == "guardrail negative_events"].iloc[0]
    # Control could have had 3 in 1,000 unseen: a variance of 0.003 beside 0.05 * 0.95.
    error = np.sqrt(0.003 / 1000 + 0.05 * 0.95 / 999)
    assert step["status"] == "failed"
    assert step["value"] == pytest.approx(0.05 - 3.0354 * error, rel=1e-4)
    assert verdict(found)[0] == "stop"
    assert "Stop: it does harm." in verdict(found)[1]


def test_what_may_still_do_harm_keeps_running_until_all_are_counted():
    unclear = sums({"old": values(20, 1000), "new": values(30, 1000)}, "negative_events")
    found = decided(
        pd.concat([BETTER, unclear]),
        guardrails="negative_events:0.02",
        observed_until=pd.Timestamp("2026-01-20"),
    )
    assert verdict(found)[0] == "keep_running"
    # Eight days after the end, and one for what arrives late.
    assert "until about 2026-02-10" in verdict(found)[1]


def test_who_waits_longer_for_late_rows_keeps_running_longer():
    unclear = sums({"old": values(20, 1000), "new": values(30, 1000)}, "negative_events")
    found = decided(
        pd.concat([BETTER, unclear]),
        guardrails="negative_events:0.02",
        lateness_days=3.0,
        observed_until=pd.Timestamp("2026-02-11"),
    )
    assert verdict(found)[0] == "keep_running"
    assert "until about 2026-02-12" in verdict(found)[1]


def test_what_is_better_does_not_ship_without_a_way_back():
    results = experiment_results(BETTER, arms(), checks(), experiments())
    old = arms().assign(serves=["20250101T000000-zz", "live"])
    found = experiment_decisions(experiments(), checks(), old, METRICS, results)
    assert verdict(found)[0] == "keep_running"
    assert verdict(found)[1].startswith("Do not ship yet. ")
    assert "there is no such release" in verdict(found)[1]


def test_changed_shares_and_redirected_users_show_in_the_sample_ratio():
    own = arms(control=2600, treated=2000)
    results = experiment_results(BETTER, own, checks(), experiments())
    found = experiment_decisions(experiments(), checks(), own, METRICS, results)
    assert verdict(found)[0] == "stop"
    assert "chance hardly ever splits so" in verdict(found)[1]


def test_missing_days_are_told_and_do_not_stop():
    found = decided(BETTER, missing_day_count=3)
    assert verdict(found)[0] == "ship"
    assert "no event on 3 of its days" in found.iloc[0]["words"]


def test_two_halves_that_differ_are_an_alarm():
    own, check = (frame.assign(experiment_id="history") for frame in (arms(), checks()))
    rows = experiments().assign(experiment_id="history")
    for frame, expected in ((BETTER, "stop"), (SAME, "nothing_to_decide")):
        results = experiment_results(frame.assign(experiment_id="history"), own, check, rows)
        decisions = experiment_decisions(rows, check, own, METRICS, results)
        assert verdict(decisions)[0] == expected


@pytest.mark.parametrize(
    ("users", "refusal"),
    [
        ({"old": values(30, 1000), "new": np.array([])}, "an arm has no users"),
        ({"old": values(30, 1000), "new": values(30, 99)}, "fewer than 100 users"),
        ({"old": values(0, 1000), "new": values(0, 1000)}, "there is no variation"),
        ({"old": values(1000, 1000), "new": values(1000, 1000)}, "there is no variation"),
    ],
)
def test_there_is_no_answer_for(users, refusal):
    frame = sums({name: users[name] for name in users if len(users[name])})
    results = ExperimentResults.validate(experiment_results(frame, arms(), checks(), experiments()))
    assert refusal in results["refusal"].iloc[0]
    assert results[["difference", "lower", "p_value"]].isna().all(axis=None)
    found = verdict(experiment_decisions(experiments(), checks(), arms(), METRICS, results))
    assert found[0] == "stop"
    assert refusal in found[1]
    assert found[1].endswith(".")
    assert ".." not in found[1]


def test_arms_without_any_row_of_sums_have_no_results_and_wait():
    empty = BETTER.iloc[:0]
    results = experiment_results(empty, arms(0, 0), checks(), experiments())
    assert results.empty
    check = checks(
        exposed_count=0, user_count=0, naming_count=0, join_rate=np.nan, naming_share=np.nan
    )
    found = experiment_decisions(experiments(), check, arms(0, 0), METRICS, results)
    assert verdict(found)[0] == "stop"
    early = check.assign(observed_until=pd.Timestamp("2026-01-02"))
    found = experiment_decisions(experiments(), early, arms(0, 0), METRICS, results)
    name, words = verdict(found)
    assert name == "keep_running"
    assert words.endswith("when all users are counted. d7_return has no users.")


def test_rows_that_come_later_than_is_waited_for_stop_a_running_experiment():
    running = {"late_share": 0.06, "observed_until": pd.Timestamp("2026-02-10")}
    found = verdict(decided(BETTER, **running))
    assert found[0] == "stop"
    assert "6.0% of what was done was loaded later than experiment_lateness_days" in found[1]
    assert "Raise it in the settings file" in found[1]
    assert verdict(decided(BETTER, **{**running, "late_share": 0.05}))[0] == "ship"
    # When the last window has been over for a day, what was late is there.
    over = {**running, "observed_until": pd.Timestamp("2026-03-03")}
    assert verdict(decided(BETTER, **over))[0] == "ship"


def test_users_in_two_arms_say_that_shares_may_have_been_changed():
    own = arms().assign(two_variants_count=[100, 101], bot_count=[0, 7])
    check = checks(exposed_count=2201)
    results = experiment_results(BETTER, own, check, experiments())
    found = verdict(experiment_decisions(experiments(), check, own, METRICS, results))
    assert found[0] == "stop"
    assert "201 of them because they were in or saw two arms" in found[1]
    assert "7 of them bots" in found[1]
    assert "new experiment_id and a new salt" in found[1]
