"""Sequences, p-values, sample ratio, power and discoveries, beside other ways to get them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom, norm
from statsmodels.stats.proportion import power_proportions_2indep

from ml.experiments.discoveries import with_adjusted_p_values
from ml.experiments.power import (
    detectable_effect,
    detectable_effect_at_one_look,
    promised_power,
    users_for_effect,
    users_for_rate,
)
from ml.experiments.sample_ratio import CONCENTRATIONS, anytime_p_values, sample_ratio
from ml.experiments.sequences import multiplier, p_value, tuning


@given(
    z=st.floats(0, 8),
    count=st.integers(100, 10**6),
    planned=st.integers(100, 10**6),
)
def test_the_p_value_is_small_exactly_where_the_sequence_excludes_zero(z, count, planned):
    rho = tuning(planned)
    reach = float(multiplier(np.array(count), rho))
    if abs(z - reach) > 1e-6:
        assert (float(p_value(np.array(z), np.array(count), rho)) <= 0.05) == (z > reach)


def test_the_evidence_is_the_mixture_of_normal_alternatives():
    # Robbins: the likelihood ratio of a mean against 0, averaged over N(0, rho^2) of means.
    z, count, rho = 3.2, 500, 0.1
    mean = z / np.sqrt(count)

    def weighted(alternative):
        ratio = np.exp(count * (mean * alternative - alternative**2 / 2))
        return ratio * norm.pdf(alternative, scale=rho)

    evidence, _ = quad(weighted, -2, 2, points=[mean])
    assert float(p_value(np.array(z), np.array(count), rho)) == pytest.approx(1 / evidence)


def test_the_sequence_is_narrowest_about_where_it_was_planned():
    at = np.array(5000)
    widths = {planned: float(multiplier(at, tuning(planned))) for planned in (500, 5000, 50_000)}
    assert min(widths, key=widths.get) == 5000
    assert widths[500] < 1.15 * widths[5000]
    assert widths[5000] > norm.ppf(0.975)


def test_planned_counts_and_levels_out_of_range_are_refused():
    with pytest.raises(ValueError, match="planned_count must be > 0, got 0"):
        tuning(0)
    with pytest.raises(ValueError, match=r"level must be in \(0, 1\), got 1"):
        multiplier(np.array(1), 0.1, 1)


def test_the_sample_ratio_of_two_arms_is_the_mixture_over_a_beta():
    counts = np.array([5200, 4800])

    def weighted(share):
        prior = np.mean([beta.pdf(share, weight / 2, weight / 2) for weight in CONCENTRATIONS])
        return binom.pmf(5200, 10_000, share) * prior

    mixture, _ = quad(weighted, 0.4, 0.6, points=[0.5, 0.51, 0.52])
    expected = binom.pmf(5200, 10_000, 0.5) / mixture
    assert float(anytime_p_values(counts, np.array([0.5, 0.5]))) == pytest.approx(expected)


@pytest.mark.parametrize("counts", [(120, 40), (600, 400), (2_310, 1_890), (255_000, 249_000)])
def test_a_wrong_split_is_found_in_small_and_in_large_experiments(counts):
    found = sample_ratio(np.array(counts), np.array([0.5, 0.5]))
    assert found.p_value < 1e-4
    assert found.anytime_p_value < 1e-3


def test_a_split_as_planned_is_no_mismatch_whatever_the_shares():
    found = sample_ratio(np.array([9000, 900, 100]), np.array([0.9, 0.09, 0.01]))
    assert found.p_value == pytest.approx(1)
    assert found.anytime_p_value == 1
    with pytest.raises(ValueError, match="add up to 1"):
        sample_ratio(np.array([1, 1]), np.array([0.5, 0.6]))
    with pytest.raises(ValueError, match="at least one user"):
        sample_ratio(np.array([0, 0]), np.array([0.5, 0.5]))


@pytest.mark.parametrize(("baseline", "lift"), [(0.3, 0.03), (0.1, -0.02), (0.5, 0.05)])
def test_as_many_users_as_a_rate_needs_have_the_promised_power(baseline, lift):
    count = users_for_rate(baseline, lift)
    rates = np.array([baseline, baseline + lift])
    deviation = np.sqrt((rates * (1 - rates)).mean())
    assert promised_power(np.array(lift), deviation, count) == pytest.approx(0.8, abs=0.01)
    assert detectable_effect(deviation, count) == pytest.approx(abs(lift), rel=0.02)
    assert users_for_effect(deviation, lift) == pytest.approx(count, rel=0.02)


def test_one_look_finds_what_statsmodels_says():
    deviation = np.sqrt((0.3 * 0.7 + 0.33 * 0.67) / 2)
    effect = detectable_effect_at_one_look(deviation, 7000)
    power = power_proportions_2indep(effect, 0.3, 3500).power
    assert power == pytest.approx(0.8, abs=0.01)
    assert effect < detectable_effect(np.array(deviation), 7000)


def test_rates_that_do_not_differ_are_refused():
    with pytest.raises(ValueError, match="effect must not be 0"):
        users_for_effect(0.46, 0.0)
    with pytest.raises(ValueError, match="rates must differ"):
        users_for_rate(0.3, 0.0)
    with pytest.raises(ValueError, match="rates must differ"):
        users_for_rate(0.95, 0.1)


def test_p_values_are_adjusted_among_those_that_were_looked_at_together():
    frame = pd.DataFrame(
        {"experiment_id": ["a", "a", "a", "a", "b"], "p_value": [0.01, 0.04, np.nan, 0.03, 0.04]}
    )
    adjusted = with_adjusted_p_values(frame, ["experiment_id"])["adjusted_p_value"]
    # Benjamini and Hochberg by hand: 0.01 * 3 / 1; 0.03 * 3 / 2 and 0.04 * 3 / 3, the lesser.
    np.testing.assert_allclose(adjusted, [0.03, 0.04, np.nan, 0.04, 0.04])
