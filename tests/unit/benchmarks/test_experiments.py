"""The truth benchmark: its truths are true, and it says when a promise is broken."""

from functools import partial

import numpy as np
import pytest

from benchmarks.experiments.findings import share_found
from benchmarks.experiments.truth import alike, different, moving, power, sample_ratios, uneven
from benchmarks.experiments.users import METRICS, Design, draw_users, true_differences
from benchmarks.experiments.verdicts import shipped_alike, shipped_lift


def test_what_is_planted_is_what_the_formulas_say():
    design = Design(days=10, users_per_day=2000, lift=0.2)
    users = draw_users(40, design, np.random.default_rng(0))
    for metric, truth in true_differences(design).items():
        numerator = users.numerators[metric]
        denominator = np.broadcast_to(users.denominators[metric], numerator.shape)
        values = [
            numerator[arm].sum() / denominator[arm].sum()
            for arm in (users.is_treated, ~users.is_treated)
        ]
        assert values[0] - values[1] == pytest.approx(truth, rel=0.1)
    assert tuple(true_differences(design)) == METRICS


@pytest.mark.parametrize(
    ("count", "promise", "holds"),
    [
        (50, "<= 5%", True),
        (58, "<= 5%", True),
        (80, "<= 5%", False),
        (800, ">= 80%", True),
        (700, ">= 80%", False),
        (950, "95%", True),
        (990, "95%", False),
    ],
)
def test_a_promise_is_broken_beyond_the_error_of_the_simulation(count, promise, holds):
    assert share_found("q", "m", count, 1000, promise).holds is holds


def found(question, experiments=200):
    """Ask, and return the findings by what was asked and of which metric; all of them hold."""
    findings = {(finding.question, finding.metric): finding for finding in question(experiments, 3)}
    # Few users make most of the revenue: it takes more experiments to show a gain of one percent.
    shown = findings.keys() - {("CUPED: spread, as a share of the plain", "revenue")}
    assert all(findings[key].holds for key in shown)
    return findings


def test_of_arms_that_are_alike_daily_looks_reject_hardly_any_and_ordinary_intervals_many():
    findings = found(alike)
    for metric in METRICS:
        assert findings["A/A, looked at daily: rejects", metric].value <= 0.05
        assert findings["the same with ordinary intervals", metric].value > 0.15


def test_a_small_control_is_not_taken_for_worse_than_it_is():
    # With the variance of its own users alone, revenue would say so in more than one of twenty.
    for (question, _), finding in found(uneven).items():
        assert finding.value <= 0.05 if "rejects" in question else finding.value >= 0.95


def test_habits_make_the_interval_of_a_planted_lift_narrower_and_do_not_move_it():
    findings = found(different)
    assert len(findings) == 4 * len(METRICS)
    spread = findings["CUPED: spread, as a share of the plain", "d7_return"].value
    assert 0.9 < spread < 0.99
    for metric in METRICS:
        assert abs(findings["CUPED minus plain, as a share of the lift", metric].value) < 0.03
        assert findings["sequence holds the truth at all looks", metric].value >= 0.95


def test_planted_lifts_and_imbalances_are_found_and_nothing_else():
    planned, surprised = found(power).values()
    assert planned.value > 0.75
    assert 0.6 < surprised.value < planned.value
    even, shifted, few = found(sample_ratios).values()
    assert even.value == 0
    assert shifted.value > 0.98
    assert few.value > 0.98


def test_a_window_that_moves_on_alarms_now_and_then():
    (alarm,) = found(moving).values()
    assert 0.05 < alarm.value < 0.25


def test_the_verdict_ships_a_lift_as_often_as_promised_and_hardly_anything_else():
    (lifted,) = found(shipped_lift).values()
    assert lifted.value > 0.75
    (same,) = found(partial(shipped_alike, every_days=7)).values()
    assert same.value <= 0.05
