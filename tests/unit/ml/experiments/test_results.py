"""Results and decisions on sums worked out by hand, and on what goes wrong in experiments."""

import numpy as np
import pandas as pd
import pytest

from ml.experiments.decisions import experiment_decisions
from ml.experiments.moments import COLUMNS, sums_of_users
from ml.experiments.outlook import experiment_outlook
from ml.experiments.results import experiment_looks, experiment_results
from ml.experiments.schemas import (
    ExperimentDecisions,
    ExperimentLooks,
    ExperimentOutlook,
    ExperimentResults,
)

METRICS = pd.DataFrame(
    {
        "metric": ["d7_return", "revenue", "negative_events"],
        "title": ["Back on day 7", "Revenue", "Dislikes"],
        "unit": ["share", "money", "events"],
        "better": ["up", "up", "down"],
        "window_until_days": [8, 7, 7],
    }
)
DAY = pd.Timestamp("2026-01-01")


def values(ones: int, users: int) -> np.ndarray:
    """Return so many ones among so many users."""
    return np.repeat([1.0, 0.0], [ones, users - ones])


def sums(arms: dict[str, np.ndarray], metric: str = "d7_return", **cells: object) -> pd.DataFrame:
    """Add up the users of each arm as SQL does, one day of one slice."""
    rows = []
    for variant, users in arms.items():
        numbers = sums_of_users(users, np.ones(1), np.zeros(1))
        row = {"experiment_id": "e", "variant": variant, "metric": metric, "slice_name": "all"}
        row |= {"slice": "all", "exposed_date": DAY, "exposed_count": len(users)}
        rows.append(row | dict(zip(COLUMNS, numbers, strict=True)) | cells)
    return pd.DataFrame(rows)


def arms(control: int = 1000, treated: int = 1000, share: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "experiment_id": "e",
            "variant": ["old", "new"],
            "serves": ["popular", "live"],
            "variant_number": [1, 2],
            "share": [1 - share, share],
            "user_count": [control, treated],
            "two_variants_count": 0,
            "is_control": [True, False],
        }
    )


def checks(**changes: object) -> pd.DataFrame:
    row = {
        "experiment_id": "e",
        "exposed_count": 2000,
        "user_count": 2000,
        "unknown_variant_count": 0,
        "missing_day_count": 0,
        "naming_count": 500,
        "join_rate": 0.99,
        "naming_share": 0.6,
        "join_window_hours": 24.0,
        "late_share": 0.0,
        "expected_user_count": 2000.0,
        "observed_until": pd.Timestamp("2026-03-01"),
    }
    return pd.DataFrame([row | changes])


def experiments(guardrails: str = "", **changes: object) -> pd.DataFrame:
    row = {
        "experiment_id": "e",
        "primary_metric": "d7_return",
        "guardrails": guardrails,
        "ends_at": pd.Timestamp("2026-02-01"),
    }
    return pd.DataFrame([row | changes])


def decided(frame: pd.DataFrame, *, guardrails: str = "", **changes: object) -> pd.DataFrame:
    """Decide with both arms of the right size unless `changes` of the checks say otherwise."""
    own, check = arms(), checks(**changes)
    results = ExperimentResults.validate(experiment_results(frame, own, check, experiments()))
    found = ExperimentDecisions.validate(
        experiment_decisions(experiments(guardrails), check, own, METRICS, results)
    )
    # Words are whole sentences, whatever they are put together from.
    assert found["words"].str.fullmatch(r".*[^.]\.").all()
    return found


def verdict(decisions: pd.DataFrame) -> tuple[str, str]:
    last = decisions.loc[decisions["step"] == "verdict"].iloc[0]
    return last["verdict"], last["words"]


BETTER = sums({"old": values(300, 1000), "new": values(400, 1000)})
SAME = sums({"old": values(300, 1000), "new": values(310, 1000)})
WORSE = sums({"old": values(400, 1000), "new": values(300, 1000)})


def test_a_lift_worked_by_hand():
    row = experiment_results(BETTER, arms(), checks(), experiments()).iloc[0]
    # Variances of ones and zeros with n - 1: 0.3 * 0.7 / 999 and 0.4 * 0.6 / 999.
    error = np.sqrt(0.3 * 0.7 / 999 + 0.4 * 0.6 / 999)
    assert row["difference"] == pytest.approx(0.1)
    assert row["one_look_upper"] - row["difference"] == pytest.approx(1.959964 * error, rel=1e-6)
    # At the planned number of users the sequence reaches 3.035 standard errors.
    assert row["upper"] - row["difference"] == pytest.approx(3.0354 * error, rel=1e-4)
    assert row["relative_difference"] == pytest.approx(1 / 3)
    assert row["mature_share"] == 1


def test_better_without_harm_ships_and_says_why():
    harmless = sums({"old": values(20, 1000), "new": values(21, 1000)}, "negative_events")
    found = decided(pd.concat([BETTER, harmless]), guardrails="negative_events:0.05")
    assert verdict(found)[0] == "ship"
    assert "40.0% against 30.0% in control" in verdict(found)[1]
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


@pytest.mark.parametrize(("margin", "status"), [(0.003, "passed"), (0.0029, "waiting")])
def test_harm_that_never_happened_is_at_most_three_in_all_users(margin, status):
    never = sums({"old": values(20, 1000), "new": values(0, 1000)}, "negative_events")
    found = decided(pd.concat([BETTER, never]), guardrails=f"negative_events:{margin}")
    step = found.loc[found["step"] == "guardrail negative_events"].iloc[0]
    assert (step["status"], step["value"]) == (status, 0.003)


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


def test_negative_revenue_counts_as_it_is():
    generator = np.random.default_rng(0)
    control, treated = generator.normal(-2, 5, 1000), generator.normal(-1, 5, 1000)
    row = experiment_results(
        sums({"old": control, "new": treated}, "revenue"), arms(), checks(), experiments()
    ).iloc[0]
    assert row["difference"] == pytest.approx(treated.mean() - control.mean())
    # A share of a loss has no meaning.
    assert np.isnan(row["relative_difference"])
    assert row["lower"] < 1 < row["upper"]


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


def test_the_last_look_is_the_result_and_days_may_miss_an_arm():
    generator = np.random.default_rng(2)
    days = [
        sums({"old": generator.random(400), "new": generator.random(400)}).assign(
            exposed_date=DAY + pd.Timedelta(days=day)
        )
        for day in range(4)
    ]
    days.append(sums({"old": generator.random(50)}).assign(exposed_date=DAY + pd.Timedelta(days=5)))
    frame = pd.concat(days)
    looks = ExperimentLooks.validate(experiment_looks(frame, arms(), checks()))
    whole = experiment_results(frame, arms(), checks(), experiments()).iloc[0]
    assert looks["user_count"].tolist() == [400, 800, 1200, 1600, 1600]
    for name in ("difference", "lower", "upper"):
        assert looks[name].iloc[-1] == pytest.approx(whole[name])


def test_slices_are_adjusted_among_themselves_and_not_with_the_whole():
    parts = [
        sums({"old": values(30, 200), "new": values(ones, 200)}, slice_name="user", slice=name)
        for name, ones in (("a", 60), ("b", 40), ("c", 35))
    ]
    results = experiment_results(pd.concat([BETTER, *parts]), arms(), checks(), experiments())
    whole = results.loc[results["slice_name"] == "all"].iloc[0]
    assert whole["adjusted_p_value"] == pytest.approx(whole["p_value"])
    sliced = results.loc[results["slice_name"] == "user"].set_index("slice")
    assert sliced.loc["a", "adjusted_p_value"] == pytest.approx(3 * sliced.loc["a", "p_value"])


def test_the_metric_that_decides_is_adjusted_over_the_arms_alone():
    found = {"old": values(30, 1000), "new": values(72, 1000), "third": values(70, 1000)}
    others = [
        sums({"old": values(50, 1000), "new": values(52, 1000), "third": users}, name)
        for name, users in (("revenue", values(90, 1000)), ("negative_events", values(51, 1000)))
    ]
    three = pd.DataFrame(
        {"experiment_id": "e", "variant": list(found), "is_control": [True, False, False]}
    )
    frame = pd.concat([sums(found), *others])
    results = experiment_results(frame, three, checks(), experiments())
    indexed = results.set_index(["metric", "variant"])
    raw, adjusted = indexed["p_value"], indexed["adjusted_p_value"]
    # Benjamini and Hochberg by hand: of two arms the better one counts twice, the lesser of both.
    new, third = ("d7_return", "new"), ("d7_return", "third")
    assert raw[new] < raw[third] < 0.02
    assert adjusted[third] == pytest.approx(raw[third])
    assert adjusted[new] == pytest.approx(min(2 * raw[new], raw[third]))
    # Two other metrics of two arms are four questions.
    assert adjusted["revenue", "third"] == pytest.approx(4 * raw["revenue", "third"])


def test_the_outlook_is_that_of_the_textbook():
    history = sums({"old": values(300, 1000), "new": values(300, 1000)}).assign(
        experiment_id="history"
    )
    check = checks().assign(experiment_id="history")
    found = ExperimentOutlook.validate(experiment_outlook(history, check)).iloc[0]
    assert found["baseline"] == pytest.approx(0.3)
    assert found["user_count"] == 2000
    # (1.96 + 0.84) standard errors at one look, (3.035 + 0.84) with a look a day.
    error = np.sqrt(0.3 * 0.7 * 2 / 999)
    assert found["detectable_at_one_look"] == pytest.approx(2.8016 * error, rel=1e-3)
    assert found["detectable_difference"] == pytest.approx((3.0354 + 0.8416) * error, rel=1e-3)
    # To find three points of thirty: 4 * 0.3 * 0.7 * (3.035 + 0.84)^2 / 0.03^2, up to n - 1.
    assert found["users_for_a_tenth"] == pytest.approx(4 * 0.21 * 3.877**2 / 0.03**2, rel=2e-3)
    assert experiment_outlook(history.iloc[:0], check).empty


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
    own = arms().assign(two_variants_count=[100, 101])
    check = checks(exposed_count=2201)
    results = experiment_results(BETTER, own, check, experiments())
    found = verdict(experiment_decisions(experiments(), check, own, METRICS, results))
    assert found[0] == "stop"
    assert "201 of them because they were in or saw two arms" in found[1]
    assert "new experiment_id and a new salt" in found[1]
