"""The truth benchmark: its truths are true, and it says when a promise is broken."""

import numpy as np
import pytest

from benchmarks.experiments.truth import _share, power, sample_ratios
from benchmarks.experiments.users import METRICS, Design, draw_users, true_differences


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
    assert _share("q", "m", count, 1000, promise).holds is holds


def test_planted_lifts_and_imbalances_are_found_and_nothing_else():
    findings = [*power(400, 1), *sample_ratios(400, 2)]
    assert [finding.holds for finding in findings] == [True, True, True]
    assert findings[1].value == 0
    assert findings[2].value > 0.98
