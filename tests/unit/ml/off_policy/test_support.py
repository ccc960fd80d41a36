from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from ml.off_policy.log import LoggedActions, Target
from ml.off_policy.support import SupportBounds, has_propensity, measure_support, refusal

LOOSE = SupportBounds(minimum_effective=1.0, minimum_users=2, maximum_weight_bias=1.0)


def log(actions, propensities, places=None, requests=None):
    count = len(actions)
    return LoggedActions(
        users=np.arange(count),
        requests=np.arange(count) if requests is None else np.array(requests),
        places=np.ones(count, dtype=int) if places is None else np.array(places),
        actions=np.array(actions),
        propensities=np.array(propensities, dtype=float),
        outcomes=np.zeros(count),
    )


def always(action, actions, count):
    row = np.zeros((1, actions))
    row[0, action] = 1.0
    return Target(csr_matrix(row), np.zeros(count, dtype=int))


def test_a_propensity_is_a_probability_above_zero():
    found = has_propensity(log([0, 0, 0, 0, 0], [0.0, 1.0, 1.5, np.nan, -0.1]))
    assert found.tolist() == [False, True, False, False, False]


def test_the_effective_count_by_hand():
    # Weights 4, 2, 0: (4 + 2)^2 / (16 + 4) = 1.8.
    support = measure_support(log([0, 0, 1], [0.25, 0.5, 0.5]), always(0, 2, 3), 0.0)
    assert support.effective_count == pytest.approx(1.8)
    assert support.maximum_weight == 4
    assert support.mean_weight == 2


def test_a_policy_that_the_log_follows_is_worth_every_impression():
    rows = log([0, 1], [0.5, 0.5])
    target = Target(csr_matrix([[0.5, 0.5]]), np.zeros(2, dtype=int))
    assert measure_support(rows, target, 0.0).effective_count == 2


def test_what_nobody_was_shown_is_counted():
    rows = log([0, 0], [0.5, 0.5])
    target = Target(csr_matrix([[0.25, 0.75]]), np.zeros(2, dtype=int))
    assert measure_support(rows, target, 0.0).unlogged_share == 0.75


def reason(rows, target, missing=0.0, bounds=LOOSE):
    return refusal(rows, measure_support(rows, target, missing), bounds)


def test_a_log_without_propensities_is_refused():
    rows = log([0, 1], [0.5, 0.5])
    assert "10.0% of the impressions have no propensity" in reason(rows, always(0, 2, 2), 0.10)


def test_a_log_without_chance_is_refused():
    rows = log([0, 0, 1], [1.0, 1.0, 1.0])
    assert "made without chance" in reason(rows, always(0, 2, 3))


def test_a_log_without_chance_values_the_policy_that_made_it():
    rows = log([0, 0, 0], [1.0, 1.0, 1.0])
    assert reason(rows, always(0, 2, 3)) is None


def test_a_policy_whose_items_were_never_shown_is_refused():
    rows = log([0, 0, 0], [0.5, 0.5, 0.5])
    assert "100.0% of the policy's choices are such that the log never shows" in reason(
        rows, always(1, 2, 3)
    )


def test_a_policy_without_lists_for_the_users_is_refused():
    nobody = log([], [])
    assert "no list for any user" in reason(nobody, always(0, 1, 0))


def test_too_few_users_are_refused():
    rows = log([0, 0], [0.5, 0.5])
    bounds = SupportBounds(minimum_effective=1, minimum_users=3)
    assert reason(rows, always(0, 1, 2), bounds=bounds) == "2 users, at least 3 are needed"


def test_a_log_that_is_worth_too_little_is_refused():
    rows = log([0] + [1] * 9, [0.01] + [0.5] * 9)
    bounds = replace(LOOSE, minimum_effective=2)
    assert "worth 1 impressions of the policy, at least 2" in reason(
        rows, always(0, 2, 10), bounds=bounds
    )


def test_a_log_that_is_worth_too_little_does_not_doubt_the_propensities():
    # What the policy mostly shows was logged once, by chance: the weights are 0.2 and, once, 1.8.
    rows = log([0] * 59 + [1], [0.5] * 60)
    target = Target(csr_matrix([[0.1, 0.9]]), np.zeros(60, dtype=int))
    bounds = replace(LOOSE, minimum_effective=50, maximum_weight_bias=0.1)
    assert "worth 33 impressions" in reason(rows, target, bounds=bounds)
    few = replace(bounds, minimum_effective=1)
    assert "mean of 0.23, which must be near 1" in reason(rows, target, bounds=few)


def test_propensities_that_do_not_fit_what_was_shown_are_refused():
    # Items 0 and 1 are shown equally often, but the log says that 0 had a chance of 0.9.
    rows = log([0, 1] * 100, [0.9, 0.1] * 100)
    target = Target(csr_matrix([[0.5, 0.5]]), np.zeros(200, dtype=int))
    bounds = replace(LOOSE, maximum_weight_bias=0.1)
    assert "mean of 2.78, which must be near 1" in reason(rows, target, bounds=bounds)


def test_what_nobody_was_shown_does_not_doubt_the_propensities():
    # Two of three items were ever drawn, each with its half; the policy takes the third at times.
    rows = log([0, 1] * 1000, [0.5, 0.5] * 1000)
    target = Target(csr_matrix([[0.45, 0.4, 0.15]]), np.zeros(2000, dtype=int))
    assert measure_support(rows, target, 0.0).mean_weight == pytest.approx(0.85)
    bounds = replace(LOOSE, maximum_weight_bias=0.1)
    assert reason(rows, target, bounds=bounds) is None
    doubted = log([0, 1] * 1000, [0.7, 0.7] * 1000)
    assert "mean of 0.61" in reason(doubted, target, bounds=bounds)


@pytest.mark.parametrize(
    "wrong",
    [
        {"minimum_effective": 0},
        {"minimum_users": 1},
        {"maximum_missing": -0.1},
        {"maximum_unsupported": 1.1},
        {"maximum_weight_bias": -1},
    ],
)
def test_bounds_that_let_nonsense_pass_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SupportBounds(**wrong)
