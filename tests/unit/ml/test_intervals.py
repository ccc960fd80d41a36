import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from ml.intervals import bootstrap_mean, metric_intervals, paired_differences


def test_agrees_with_scipy_on_skewed_values():
    values = np.random.default_rng(0).exponential(size=80)
    found = bootstrap_mean(values, resamples=20_000)
    expected = bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=1)
    low, high = expected.confidence_interval
    # Both draw at random: bounds may differ by a few hundredths of the width.
    assert found.lower == pytest.approx(low, abs=0.03 * (high - low))
    assert found.upper == pytest.approx(high, abs=0.03 * (high - low))
    assert found.value == pytest.approx(values.mean())
    assert found.count == 80


def test_holds_the_true_mean_as_often_as_promised():
    random = np.random.default_rng(1)
    held = 0
    for trial in range(300):
        found = bootstrap_mean(random.exponential(size=60), resamples=300, level=0.9, seed=trial)
        held += found.lower <= 1.0 <= found.upper
    # 300 intervals at 0.9: standard deviation 0.017; bootstrap of 60 skewed values falls a little
    # short of its level.
    assert 0.85 < held / 300 < 0.94


def test_many_distinct_values_are_drawn_in_groups_to_the_same_interval():
    values = np.random.default_rng(2).normal(size=30_000)
    found = bootstrap_mean(values, resamples=400)
    half = 1.96 * values.std() / math.sqrt(30_000)
    assert found.upper - found.value == pytest.approx(half, rel=0.2)
    assert found.value - found.lower == pytest.approx(half, rel=0.2)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=2, max_size=30),
    st.randoms(use_true_random=False),
)
def test_encloses_the_mean_within_the_range_in_any_order(values, random):
    found = bootstrap_mean(np.array(values), resamples=50)
    assert min(values) <= found.lower <= found.value <= found.upper <= max(values)
    assert found == bootstrap_mean(np.array(random.sample(values, len(values))), resamples=50)


def test_a_higher_level_is_wider():
    values = np.random.default_rng(3).random(50)
    narrow, wide = bootstrap_mean(values, level=0.5), bootstrap_mean(values, level=0.99)
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


def test_blocks_of_draws_do_not_change_the_width():
    """More cells than one block holds: 20 000 distinct values, 400 resamples."""
    values = np.random.default_rng(4).normal(size=20_000)
    found = bootstrap_mean(values, resamples=400)
    assert found.upper - found.lower == pytest.approx(2 * 1.96 / math.sqrt(20_000), rel=0.2)


def test_equal_values_have_no_width_and_a_single_one_no_bounds():
    same = bootstrap_mean(np.full(5, 0.3))
    assert (same.lower, same.value, same.upper) == pytest.approx((0.3, 0.3, 0.3))
    single = bootstrap_mean(np.array([0.3, np.nan]))
    assert single.value == 0.3
    assert single.count == 1
    assert math.isnan(single.lower)
    assert math.isnan(single.upper)


@pytest.mark.parametrize(
    ("values", "arguments", "message"),
    [
        ([], {}, "no values: all 0 are nan"),
        ([np.nan, np.nan], {}, "no values: all 2 are nan"),
        ([1.0, np.inf], {}, "1 values are infinite"),
        ([1.0], {"resamples": 0}, "resamples must be >= 1, got 0"),
        ([1.0], {"level": 1.0}, r"level must be in \(0, 1\), got 1.0"),
    ],
)
def test_refuses(values, arguments, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_mean(np.array(values), **arguments)


@pytest.fixture
def metrics():
    """`als` is 0.1 better than `popular` for each of 40 very different users."""
    level = np.linspace(0, 0.9, 40)
    users = [f"u{n}" for n in range(40)]
    return pd.concat(
        pd.DataFrame(
            {
                "setting": "s",
                "system": system,
                "user_id": users,
                "ndcg_10": level + gain,
                "hit_10": 1.0,
            }
        )
        for system, gain in (("popular", 0.0), ("als", 0.1))
    )


def test_every_metric_of_every_system_has_its_interval(metrics):
    found = metric_intervals(metrics, ["ndcg_10", "hit_10"]).set_index(["system", "metric"])
    assert len(found) == 4
    assert found.loc[("als", "ndcg_10"), "value"] == pytest.approx(0.55)
    assert found.loc[("popular", "ndcg_10"), "value"] == pytest.approx(0.45)
    assert found.loc[("als", "hit_10"), "upper"] == 1.0
    assert set(found["user_count"]) == {40}


def test_a_metric_nobody_has_gives_no_row(metrics):
    found = metric_intervals(metrics.assign(hit_10=np.nan), ["ndcg_10", "hit_10"])
    assert set(found["metric"]) == {"ndcg_10"}


def test_differences_are_taken_within_users(metrics):
    found = paired_differences(metrics, ["ndcg_10"], system="als").iloc[0]
    assert found["baseline"] == "popular"
    assert found["value"] == pytest.approx(0.1)
    # The gain is the same for everybody, however different they are.
    assert found["upper"] - found["lower"] < 1e-9


def test_users_of_one_system_only_do_not_count(metrics):
    fewer = metrics[(metrics["system"] == "als") | (metrics["user_id"] != "u39")]
    found = paired_differences(fewer, ["ndcg_10"], system="als").iloc[0]
    assert found["user_count"] == 39
    assert found["value"] == pytest.approx(0.1)


def test_differences_do_not_depend_on_the_order_of_rows(metrics):
    first, second = (
        paired_differences(one, ["ndcg_10", "hit_10"], system="popular")
        for one in (metrics, metrics.sample(frac=1, random_state=0))
    )
    pd.testing.assert_frame_equal(first, second)


def test_a_system_alone_is_compared_with_nobody(metrics):
    alone = metrics[metrics["system"] == "als"]
    found = paired_differences(alone, ["ndcg_10"], system="als")
    assert found.empty
    assert found["user_count"].dtype == np.int64


def test_an_unknown_system_is_refused(metrics):
    with pytest.raises(ValueError, match="system 'als2' has no metrics"):
        paired_differences(metrics, ["ndcg_10"], system="als2")
