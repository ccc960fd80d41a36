import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from ml.guardrails import (
    GuardLimits,
    judge_canary,
    least_difference,
    wilson_interval,
)
from ml.variants import VariantCounts


def counted(requests: int, errors: int, slow: int, engaged: int) -> VariantCounts:
    """Return counts of as many users as requests."""
    return VariantCounts(requests, errors, slow, engaged, requests)


LIVE = counted(10_000, errors=10, slow=100, engaged=1000)
LIMITS = GuardLimits()


def names(canary, live=LIVE, limits=LIMITS):
    return [breach.name for breach in judge_canary(live, canary, limits)]


def test_a_canary_like_what_is_live_goes_on():
    assert names(counted(500, 1, 5, 50)) == []


def test_a_canary_with_errors_is_stopped_and_says_how_many():
    (breach,) = judge_canary(LIVE, counted(500, 40, 5, 50), LIMITS)
    assert (breach.name, breach.live, breach.canary, breach.limit) == ("errors", 0.001, 0.08, 0.01)
    assert "8.00% requests with an error (40 of 500) against 0.10% (10 of 10000)" in breach.message


def test_a_slow_canary_is_stopped():
    assert names(counted(500, 0, 100, 50)) == ["slow"]


def test_a_canary_that_nobody_turns_to_is_stopped():
    assert names(counted(1000, 0, 10, 30)) == ["engagement"]


def test_one_user_who_asks_again_and_again_stops_nothing():
    assert names(VariantCounts(500, 0, 5, 0, users=1)) == []
    assert names(VariantCounts(500, 0, 5, 0, users=500)) == ["engagement"]
    assert names(VariantCounts(500, 500, 0, 0, users=0)) == ["errors"]


def test_all_that_is_wrong_is_named():
    assert names(counted(1000, 500, 900, 0)) == ["errors", "slow", "engagement"]


def test_too_few_requests_judge_nothing():
    assert names(counted(199, 199, 199, 0)) == []
    assert names(counted(200, 200, 200, 0)) != []
    assert names(counted(500, 500, 0, 0), live=VariantCounts()) == []


def test_a_loss_that_chance_explains_goes_on():
    # 44 are 12 % fewer than the 50 expected, beyond the limit, and no more than luck.
    assert names(counted(500, 0, 5, 44)) == []


def test_a_live_release_that_fails_as_often_does_not_stop_the_canary():
    live = counted(10_000, 800, 100, 1000)
    assert names(counted(500, 40, 5, 50), live=live) == []


def test_an_equal_canary_is_hardly_ever_stopped_while_one_looks_again_and_again():
    random = np.random.default_rng(11)
    stopped = 0
    for _ in range(200):
        live, canary = np.zeros(3, int), np.zeros(3, int)
        rates = (0.001, 0.01, 0.1)
        for look in range(1, 41):
            live += random.binomial(1900, rates)
            canary += random.binomial(100, rates)
            if names(counted(100 * look, *canary), counted(1900 * look, *live)):
                stopped += 1
                break
    assert stopped <= 4


@pytest.mark.parametrize("counts", [(40, 500, 10, 10_000), (0, 30, 3, 40), (7, 9, 1, 1000)])
def test_the_bound_is_newcombes(counts):
    first, first_total, second, second_total = counts
    # A two-sided interval at 99.9 % has one-sided bounds at 99.95 %.
    expected, _ = confint_proportions_2indep(
        first, first_total, second, second_total, method="newcomb", alpha=0.001
    )
    assert least_difference(*counts, 0.9995) == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_a_share_is_wilsons():
    # Wilson (1927) with z = 1.96 for 3 of 10.
    assert wilson_interval(3, 10, 0.975) == pytest.approx((0.10779, 0.60323), abs=1e-5)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((10, 11, 0, 0), "errors must be from 0 to the 10 requests, got 11"),
        ((10, 0, 0, -1), "engaged must be from 0 to the 0 users, got -1"),
    ],
)
def test_counts_that_cannot_be_are_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        VariantCounts(*counts)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"least_requests": 0}, "least_requests must be >= 1, got 0"),
        ({"level": 0.5}, r"level must be in \(0.5, 1\), got 0.5"),
        ({"most_extra_slow": 1.5}, r"most_extra_slow must be in \[0, 1\], got 1.5"),
    ],
)
def test_limits_that_cannot_be_are_refused(limits, message):
    with pytest.raises(ValueError, match=message):
        GuardLimits(**limits)
