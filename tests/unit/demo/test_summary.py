"""The numbers that people read."""

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from demo.experiment import Measured
from demo.life import Story
from demo.outcomes import Outcomes
from demo.page import truth_of
from demo.picture import counting, draw_lift
from demo.pipeline import Order, Refresh
from demo.plan import DemoPlan
from demo.summary import DemoSummary, counted, finding, summarised, summary_text
from demo.truth import TrueLift

RESULT: dict[str, Any] = {
    "control_value": 0.1, "value": 0.16, "difference": 0.06, "lower": 0.01, "upper": 0.11,
    "one_look_lower": 0.02, "one_look_upper": 0.10, "plain_difference": 0.055,
    "variance_reduction": 0.1, "user_count": 480, "control_user_count": 520, "mature_share": 0.7,
    "refusal": None,
}  # fmt: skip
LOOKS = [
    {"exposed_date": f"2026-02-0{day}", "difference": 0.02 * day, "lower": -0.1, "upper": 0.2,
     "user_count": 100 * day, "control_user_count": 100 * day}
    for day in (1, 2, 3)
]  # fmt: skip
TRUTH = TrueLift(0.11, 0.16, 0.05, 0.004, 2000, {"2026-02-01": 0.04, "2026-02-03": 0.05})


@pytest.fixture
def summary() -> DemoSummary:
    story = Story(world=None, start=[], outcomes=Outcomes(1), lists=5000, events=9000)
    order = Order("impression_ranker", "the ranker taught by impressions, nDCG@10 0.3", {})
    story.refreshes.append(Refresh(0, "r1", True, (), order, 12.0))
    found = Measured(RESULT, LOOKS, "ship", "Ship topshelf.")
    return summarised(DemoPlan(), story, found, TRUTH, 321.04)


def test_the_measured_and_the_true_lift_stand_side_by_side(summary):
    lines = summary_text(summary).splitlines()
    measured, true = (
        next(line for line in lines if line.startswith(name)) for name in ("measured", "true")
    )
    assert measured.split() == ["measured", "10.0%", "16.0%", "+6.0", "(+1.0", "to", "+11.0)"]
    # 1.96 standard errors of 0.4 points.
    assert true.split() == ["true", "11.0%", "16.0%", "+5.0", "(known", "to", "0.8)"]
    assert "measured: 1,000 users" in summary_text(summary)
    assert "verdict:  Ship topshelf." in lines
    assert lines[-1] == "lists from day 1: by the ranker taught by impressions, nDCG@10 0.3"


@pytest.mark.parametrize(
    ("lift", "holds"), [(0.05, True), (0.01, True), (0.009, False), (0.12, False)]
)
def test_whether_the_interval_holds_the_truth(lift, holds):
    story = Story(world=None, start=[], outcomes=Outcomes(1))
    found = Measured(RESULT, LOOKS, "ship", "")
    made = summarised(DemoPlan(), story, found, replace(TRUTH, lift=lift), 1.0)
    assert made.holds_truth is holds


def test_without_an_answer_the_reason_is_said(tmp_path):
    refused = {**RESULT, "refusal": "an arm has fewer than 100 users", "lower": np.nan}
    story = Story(world=None, start=[], outcomes=Outcomes(1))
    made = summarised(DemoPlan(), story, Measured(refused, [], "keep_running", ""), TRUTH, 1.0)
    assert made.holds_truth is None
    assert "no answer: an arm has fewer than 100 users" in summary_text(made)
    assert finding(made).startswith("No measured lift: an arm has fewer")
    draw_lift(made, tmp_path / "lift.svg")
    assert "No measured lift" in (tmp_path / "lift.svg").read_text()


def test_what_the_simulation_counted_by_arm():
    outcomes = Outcomes(5)
    outcomes.exposed_seconds[:4] = int(DemoPlan().midnight(0).timestamp())
    outcomes.returned[[0, 4]] = True
    arms = ["popular", "popular", "topshelf", "topshelf", "popular"]
    story = Story(world=None, start=[], outcomes=outcomes)
    story.arms = {user: f"live popular_or_topshelf:{arm}" for user, arm in enumerate(arms)}
    assert counted(DemoPlan(), story) == {"popular": 0.5, "topshelf": 0.0}


def test_looks_carry_the_truth_of_their_date_and_all_is_json(summary):
    assert [look["true_lift"] for look in summary.looks] == [0.04, None, 0.05]
    told = json.loads(json.dumps(asdict(summary)))
    assert told["runs"][0]["release_id"] == "r1"
    assert "by_date" not in told["truth"]
    assert told["seconds"] == 321.0


def test_looks_that_count_nobody_new_are_not_drawn():
    looks = [{"user_count": users, "control_user_count": 2 * users} for users in (1, 2, 2, 5, 5, 5)]
    assert counting(looks) == looks[:4]
    assert counting([]) == []


def test_the_picture_says_its_finding_and_is_the_same_again(summary, tmp_path):
    for name in ("one", "two"):
        draw_lift(summary, tmp_path / f"{name}.svg")
    text = (tmp_path / "one.svg").read_text()
    assert "Measured +6.0 points (+1.0 to +11.0), true +5.0" in text
    assert text == (tmp_path / "two.svg").read_text()
    assert len(text) < 60_000


def test_the_page_gets_the_truth_in_words_and_by_date(summary):
    truth = truth_of(summary)
    assert truth.by_date == {"2026-02-01": 0.04, "2026-02-03": 0.05}
    assert truth.words[0] == "Measured +6.0 points (+1.0 to +11.0), true +5.0."
    for words in ("16.0% would", "11.0% with most popular items", "known to 0.8 points"):
        assert words in truth.words[1]
