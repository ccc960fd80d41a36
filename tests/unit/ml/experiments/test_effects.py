"""Effects and their variances, beside statsmodels, the textbook and a bootstrap."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from ml.experiments.effects import Effect, difference
from ml.experiments.moments import moments_from_sums, sums_of_users


def effect_of(control: tuple, treatment: tuple) -> Effect:
    arms = [
        moments_from_sums(sums_of_users(*(np.asarray(part, float) for part in arm)))
        for arm in (control, treatment)
    ]
    return difference(*arms)


@pytest.fixture(scope="module")
def users():
    """Make two arms of 4,000 and 3,000 users whose metric follows a habit."""
    generator = np.random.default_rng(7)
    habit = generator.gamma(2.0, 2.0, 7000)
    metric = 3 * habit + generator.normal(0, 2, 7000)
    metric[4000:] += 0.5
    shown = generator.poisson(5, 7000) + 1.0
    return {"metric": metric, "shown": shown, "habit": habit, "treated": np.arange(7000) >= 4000}


def test_without_habits_a_mean_differs_as_statsmodels_says(users):
    metric, treated = users["metric"], users["treated"]
    found = effect_of((metric[~treated], 1, 0), (metric[treated], 1, 0))
    theirs = CompareMeans(DescrStatsW(metric[treated]), DescrStatsW(metric[~treated]))
    assert found.difference == pytest.approx(metric[treated].mean() - metric[~treated].mean())
    assert np.sqrt(found.variance) == pytest.approx(theirs.std_meandiff_separatevar, rel=1e-9)
    assert found.variance_reduction == 0


def test_with_habits_a_mean_differs_as_a_regression_on_them_says(users):
    metric, habit, treated = users["metric"], users["habit"], users["treated"]
    found = effect_of((metric[~treated], 1, habit[~treated]), (metric[treated], 1, habit[treated]))
    design = np.column_stack([np.ones(len(metric)), treated, habit])
    theirs = sm.OLS(metric, design).fit()
    # The regression's slope is the same pooled slope; it assumes equal variances, so the standard
    # error agrees only about.
    assert found.difference == pytest.approx(theirs.params[1], rel=1e-9)
    assert np.sqrt(found.variance) == pytest.approx(theirs.bse[1], rel=0.02)
    assert found.variance_reduction == pytest.approx(1 - 4 / (9 * 8 + 4), abs=0.02)


def test_a_ratio_varies_as_users_drawn_again_and_again_say(users):
    clicks = np.minimum(np.floor(users["metric"] % 4), users["shown"])
    control, treated = ~users["treated"], users["treated"]
    found = effect_of(
        (clicks[control], users["shown"][control], 0), (clicks[treated], users["shown"][treated], 0)
    )
    generator = np.random.default_rng(1)
    ratios = []
    for rows in (np.flatnonzero(control), np.flatnonzero(treated)):
        draws = generator.choice(rows, size=(2000, len(rows)))
        ratios.append(clicks[draws].sum(axis=1) / users["shown"][draws].sum(axis=1))
    by_drawing = np.std(ratios[1] - ratios[0])
    assert np.sqrt(found.variance) == pytest.approx(by_drawing, rel=0.05)
    assert found.control_value == pytest.approx(
        clicks[control].sum() / users["shown"][control].sum()
    )


def test_days_add_up_to_the_whole(users):
    metric, habit = users["metric"][:4000], users["habit"][:4000]
    days = sums_of_users(metric.reshape(40, 100), np.ones(1), habit.reshape(40, 100)).sum(axis=0)
    whole = sums_of_users(metric, np.ones(1), habit)
    np.testing.assert_allclose(
        moments_from_sums(days).covariance, moments_from_sums(whole).covariance, rtol=1e-9
    )
    covariance = np.cov(np.stack([metric, np.ones(4000), habit]))
    np.testing.assert_allclose(moments_from_sums(days).covariance, covariance, atol=1e-9)


def test_the_relative_difference_is_unknown_where_control_is_nothing_or_less():
    flat = effect_of(([0.0, 0.0, 0.0], 1, 0), ([1.0, 2.0, 3.0], 1, 0))
    below = effect_of(([-3.0, -1.0, -2.0], 1, 0), ([1.0, 2.0, 3.0], 1, 0))
    assert np.isnan(flat.relative)
    assert np.isnan(below.relative)
    assert below.difference == pytest.approx(4)


def test_an_arm_without_one_buyer_could_have_had_three_of_the_others_unseen():
    baskets = np.array([0.0] * 96 + [10.0, 10.0, 20.0, 20.0])
    for arms, flat_users in (((np.zeros(200), baskets), 200), ((baskets, np.zeros(50)), 50)):
        found = effect_of(*((users, 1, np.arange(len(users))) for users in arms))
        # Of the buyers, the mean weighted by itself, up to n - 1: (100 + 100 + 400 + 400) / 60.
        unseen = 3 * (1000 / 60) ** 2 / flat_users**2
        assert found.plain_variance == pytest.approx(unseen + baskets.var(ddof=1) / 100, rel=0.02)
        # Habits say nothing about buyers who were not seen.
        assert found.variance == found.plain_variance
        assert found.difference == found.plain_difference


def test_users_of_a_small_arm_vary_as_those_of_both_do():
    few, many = np.repeat([1.0, 0.0], [1, 99]), np.repeat([1.0, 0.0], [100, 900])
    # A hundredth of the small arm and a tenth of the large one: 0.01 and 0.09 a user.
    of_few, of_many = few.var(ddof=1), many.var(ddof=1)
    of_both = (100 * of_few + 1000 * of_many) / 1100
    for arms in ((few, many), (many, few)):
        found = effect_of(*((users, 1, 0) for users in arms))
        # The arms are one to ten: nine tenths of what both suggest.
        assert found.variance == pytest.approx(0.9 * of_both / 100 + of_many / 1000)
    as_many = np.repeat([1.0, 0.0], [30, 70])
    even = effect_of((few, 1, 0), (as_many, 1, 0))
    assert even.variance == pytest.approx((of_few + as_many.var(ddof=1)) / 100)


def test_a_relative_difference_varies_as_users_drawn_again_and_again_say(users):
    generator = np.random.default_rng(2)
    habit, metric = users["habit"][:400], users["metric"][:400]
    treated = np.arange(400) % 2 == 0
    metric = metric + 10.0 * treated
    found = effect_of((metric[~treated], 1, habit[~treated]), (metric[treated], 1, habit[treated]))
    slope = (found.plain_difference - found.difference) / (
        habit[treated].mean() - habit[~treated].mean()
    )
    drawn = []
    for _ in range(4000):
        one, two = (generator.choice(np.flatnonzero(arm), 200) for arm in (~treated, treated))
        gain = (metric - slope * habit)[two].mean() - (metric - slope * habit)[one].mean()
        drawn.append(gain / metric[one].mean())
    assert np.sqrt(found.relative_variance) == pytest.approx(np.std(drawn), rel=0.05)


def test_an_arm_whose_lists_are_all_fallbacks_is_flat_though_their_number_varies():
    lists = np.array([1.0, 2.0, 3.0] * 100)
    some = np.where(np.arange(300) % 2, lists, 0.0)
    found = effect_of((lists, lists, 0), (some, lists, 0))
    alone = effect_of((some, lists, 0), (some, lists, 0)).variance / 2
    assert found.variance > 1.01 * alone
    assert effect_of((lists, lists, 0), (lists, lists, 0)).variance == 0


def test_an_empty_arm_has_no_difference():
    empty = moments_from_sums(np.zeros(10))
    one = moments_from_sums(sums_of_users(np.array([1.0, 2.0]), np.ones(1), np.zeros(1)))
    assert np.isnan(difference(empty, one).difference)
    assert np.isnan(difference(empty, one).variance)


def test_equal_users_have_no_variance_though_their_squares_do_not_cancel_exactly():
    sums = sums_of_users(np.full(1000, 0.1), np.ones(1), np.full(1000, 1e6 + 0.1))
    assert moments_from_sums(sums).covariance.tolist() == np.zeros((3, 3)).tolist()


def test_sums_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="the 10 columns of COLUMNS"):
        moments_from_sums(np.ones(9))
    with pytest.raises(ValueError, match="user_count must be >= 0, got -1"):
        moments_from_sums(-np.ones(10))
