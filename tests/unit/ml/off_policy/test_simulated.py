"""On a simulated shop, the policies are really tried on the same sessions."""

from dataclasses import replace

import numpy as np
import pytest

from ml.off_policy.log import Target
from ml.off_policy.values import OffPolicyParams, off_policy_values


@pytest.fixture(scope="module")
def values(shop):
    return off_policy_values(shop.log, shop.targets, OffPolicyParams())


@pytest.mark.parametrize("estimator", ["ips", "snips", "dr"])
@pytest.mark.parametrize("places", ["first", "all"])
@pytest.mark.parametrize("policy", ["popular", "random"])
def test_the_interval_holds_what_the_policy_really_earned(shop, values, policy, places, estimator):
    key = {"policy": policy, "places": places, "estimator": estimator}
    row = values.loc[(values[list(key)] == list(key.values())).all(axis=1)].iloc[0]
    truth = shop.truths[policy, places]
    assert row["lower"] < truth < row["upper"]
    # The interval says something: at most a third of the value wide.
    assert row["upper"] - row["lower"] < truth / 3


def test_a_random_order_is_worse_and_the_log_says_so(shop, values):
    rows = values.query("policy == 'random' and estimator in ('ips', 'snips', 'dr')")
    assert rows["difference_upper"].lt(0).all()
    assert shop.truths["random", "first"] < shop.log.outcomes[shop.log.places == 1].mean()


def test_the_weights_have_a_mean_of_one(values):
    np.testing.assert_allclose(values["mean_weight"], 1, atol=0.02)


def test_wrong_propensities_are_found_out(shop):
    # As if every item had had the same chance.
    wrong = replace(shop.log, propensities=np.full(shop.log.size, 1 / 40))
    frame = off_policy_values(wrong, {"popular": shop.targets["popular"]}, OffPolicyParams())
    assert frame["refusal"].str.contains("which must be near 1").all()


def test_a_policy_too_far_from_the_log_is_refused(shop):
    first = shop.log.requests < np.quantile(shop.log.requests, 0.02)
    target: Target = shop.targets["popular"].take(first)
    frame = off_policy_values(shop.log.take(first), {"popular": target}, OffPolicyParams())
    rows = frame[frame["places"] == "first"]
    assert rows["refusal"].str.contains("at least 100 are needed: log longer").all()
