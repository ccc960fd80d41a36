"""Against hand-worked cases, an implementation in plain loops, and a generated truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from ml.off_policy.estimators import estimates, user_sums
from ml.off_policy.log import LoggedActions, Target
from ml.off_policy.outcome_model import Expected, expected_outcomes, fit_outcomes
from ml.off_policy.support import SupportBounds
from ml.off_policy.values import OffPolicyParams, off_policy_values
from tests.unit.ml.off_policy.generated import LOGGING, WANTED, bandit_log, true_value

LOOSE = SupportBounds(minimum_effective=1.0, minimum_users=2, maximum_unsupported=1.0)


def found(frame, estimator, places="all"):
    return frame.query("estimator == @estimator and places == @places").iloc[0]


def test_the_four_estimators_by_hand():
    # Two items, shown with chances 0.8 and 0.2; the policy always shows the second.
    log = LoggedActions(
        users=np.arange(5),
        requests=np.arange(5),
        places=np.ones(5, dtype=int),
        actions=np.array([0, 0, 0, 0, 1]),
        propensities=np.array([0.8, 0.8, 0.8, 0.8, 0.2]),
        outcomes=np.array([1.0, 0.0, 0.0, 0.0, 1.0]),
    )
    target = Target(csr_matrix([[0.0, 1.0]]), np.zeros(5, dtype=int))
    expected = Expected(np.array([0.5, 0.5, 0.5, 0.5, 0.6]), np.full(5, 0.6))
    values = estimates(user_sums(log, target, expected, 0), 10, 0)
    assert values["logged"].value == pytest.approx(2 / 5)
    assert values["ips"].value == pytest.approx((1 / 0.2) / 5)
    assert values["snips"].value == pytest.approx(1.0)
    assert values["dm"].value == pytest.approx(0.6)
    assert values["dr"].value == pytest.approx(0.6 + (1 / 0.2) * (1 - 0.6) / 5)


def plain_loops(log, wanted, kinds, table):
    """Estimate the same by loops over impressions, as the papers write it."""
    ips = dm = dr = 0.0
    clicks, weights, counts = {}, {}, {}
    for row in range(log.size):
        action, place = int(log.actions[row]), int(log.places[row])
        weight = wanted[kinds[row]][action] / log.propensities[row]
        model = sum(wanted[kinds[row]][other] * table[other][place - 1] for other in range(3))
        ips += weight * log.outcomes[row]
        dm += model
        dr += model + weight * (log.outcomes[row] - table[action][place - 1])
        clicks[place] = clicks.get(place, 0.0) + weight * log.outcomes[row]
        weights[place] = weights.get(place, 0.0) + weight
        counts[place] = counts.get(place, 0) + 1
    snips = sum(counts[p] / log.size * clicks[p] / weights[p] for p in counts)
    return {"ips": ips / log.size, "snips": snips, "dm": dm / log.size, "dr": dr / log.size}


def test_plain_loops_give_the_same():
    log, target = bandit_log(200, seed=3)
    table = fit_outcomes(log, (3, 2))
    kinds = target.contexts
    expected = Expected(
        table[log.actions, log.places - 1], (target.probabilities @ table)[kinds, log.places - 1]
    )
    values = estimates(user_sums(log, target, expected, 0), 10, 0)
    for name, value in plain_loops(log, WANTED, kinds, table).items():
        assert values[name].value == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("estimator", ["ips", "snips", "dr"])
def test_the_standard_error_is_that_of_the_jackknife_over_users(estimator):
    log, target = bandit_log(60, seed=4)
    expected = expected_outcomes(log, target, 5, 0)

    def value(kept):
        part = Expected(expected.logged[kept], expected.target[kept])
        sums = user_sums(log.take(kept), target.take(kept), part, 0)
        return estimates(sums, 1, 0)[estimator]

    everybody = value(np.ones(log.size, dtype=bool))
    without = np.array([value(log.users != user).value for user in range(60)])
    jackknife = np.sqrt(59 / 60 * ((without - without.mean()) ** 2).sum())
    assert everybody.standard_error == pytest.approx(jackknife, rel=0.08)


def test_the_outcome_model_finds_places_and_items():
    random = np.random.default_rng(0)
    actions, places = random.integers(0, 3, 60_000), random.integers(1, 3, 60_000)
    truth = np.array([0.4, 0.2, 0.1])[:, None] * np.array([1.0, 0.5])
    log = LoggedActions(
        users=np.arange(60_000),
        requests=np.arange(60_000),
        places=places,
        actions=actions,
        propensities=np.full(60_000, 1 / 3),
        outcomes=(random.random(60_000) < truth[actions, places - 1]).astype(float),
    )
    # An item that nobody saw is taken for an average one.
    table = fit_outcomes(log, (4, 2))
    np.testing.assert_allclose(table[:3], truth, rtol=0.08)
    assert table[2, 0] < table[3, 0] < table[0, 0]


def test_a_users_outcomes_do_not_teach_the_model_that_judges_them():
    log, target = bandit_log(50, seed=1)
    own = log.users == 7
    changed = LoggedActions(
        log.users,
        log.requests,
        log.places,
        log.actions,
        log.propensities,
        np.where(own, 1.0 - log.outcomes, log.outcomes),
    )
    before, after = (expected_outcomes(rows, target, 5, 0) for rows in (log, changed))
    np.testing.assert_array_equal(before.logged[own], after.logged[own])
    assert not np.array_equal(before.logged, after.logged)


@pytest.fixture(scope="module")
def repetitions():
    """Intervals from two hundred logs of the same world."""
    params = OffPolicyParams(bounds=LOOSE, resamples=300)
    frames = []
    for seed in range(200):
        log, target = bandit_log(150, seed)
        frame = off_policy_values(log, {"wanted": target}, params)
        frames.append(frame[frame["places"] == "all"].assign(seed=seed))
    return pd.concat(frames)


@pytest.mark.parametrize("estimator", ["ips", "snips", "dr"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(repetitions, estimator):
    rows = repetitions[repetitions["estimator"] == estimator]
    held = rows["lower"].le(true_value()) & rows["upper"].ge(true_value())
    # 95 % of 200, four standard errors either way, and a little less for so few users.
    assert 0.87 <= held.mean() <= 1.0
    normal = (rows["value"] - true_value()).abs() <= 1.96 * rows["standard_error"]
    assert 0.87 <= normal.mean() <= 1.0


@pytest.mark.parametrize("estimator", ["ips", "snips", "dr"])
def test_the_mean_over_many_logs_is_the_truth(repetitions, estimator):
    rows = repetitions[repetitions["estimator"] == estimator]
    error = rows["value"].mean() - true_value()
    assert abs(error) < 4 * rows["value"].std() / np.sqrt(len(rows))


def test_the_model_alone_is_biased_where_weights_are_not(repetitions):
    # Which item is liked depends on the kind of user, which the model does not know.
    rows = repetitions[repetitions["estimator"] == "dm"]
    error = rows["value"].mean() - true_value()
    assert abs(error) > 10 * rows["value"].std() / np.sqrt(len(rows))
    assert rows[["lower", "upper", "standard_error"]].isna().all(axis=None)


def test_the_policy_that_made_the_log_earns_what_the_log_earned():
    log, _ = bandit_log(100, seed=2)
    kinds = log.users % 2
    frame = off_policy_values(
        log, {"same": Target(csr_matrix(LOGGING), kinds)}, OffPolicyParams(resamples=50)
    )
    for estimator in ("ips", "snips"):
        row = found(frame, estimator)
        assert row["value"] == pytest.approx(log.outcomes.mean())
        assert row["difference"] == pytest.approx(0)
    assert found(frame, "ips")["effective_count"] == pytest.approx(log.size)


def test_a_refused_policy_has_a_reason_and_no_number():
    log, target = bandit_log(10, seed=0)
    frame = off_policy_values(log, {"wanted": target}, OffPolicyParams())
    assert frame["refusal"].str.contains("at least").all()
    assert frame[["value", "lower", "upper", "difference"]].isna().all(axis=None)
    assert frame["effective_count"].gt(0).all()


def test_impressions_without_a_propensity_are_left_out_and_counted():
    log, target = bandit_log(500, seed=0)
    propensities = log.propensities.copy()
    propensities[::50] = np.nan
    holes = LoggedActions(
        log.users, log.requests, log.places, log.actions, propensities, log.outcomes
    )
    row = found(off_policy_values(holes, {"wanted": target}, OffPolicyParams()), "ips")
    assert row["missing_share"] == pytest.approx(0.02)
    assert row["impression_count"] == 1960
    assert row["refusal"] is None


def test_a_log_without_any_propensity_is_refused():
    log, target = bandit_log(100, seed=0)
    without = LoggedActions(
        log.users,
        log.requests,
        log.places,
        log.actions,
        np.full(log.size, np.nan),
        log.outcomes,
    )
    frame = off_policy_values(without, {"wanted": target}, OffPolicyParams())
    assert frame["refusal"].str.startswith("100.0% of the impressions have no propensity").all()


def test_without_impressions_there_are_no_rows():
    nothing = np.array([], dtype=int)
    log = LoggedActions(nothing, nothing, nothing, nothing, nothing.astype(float), nothing * 1.0)
    frame = off_policy_values(log, {"any": Target(csr_matrix((1, 1)), nothing)}, OffPolicyParams())
    assert frame.empty
    assert "refusal" in frame


def test_the_order_of_the_rows_does_not_matter():
    log, target = bandit_log(80, seed=5)
    order = np.random.default_rng(0).permutation(log.size)
    frames = [
        off_policy_values(rows, {"wanted": wanted}, OffPolicyParams(bounds=LOOSE, resamples=20))
        for rows, wanted in ((log, target), (log.take(order), target.take(order)))
    ]
    pd.testing.assert_frame_equal(*frames)


def test_very_many_users_are_drawn_in_groups(monkeypatch):
    log, target = bandit_log(2000, seed=6)
    params = OffPolicyParams(bounds=LOOSE, resamples=500)
    single = found(off_policy_values(log, {"wanted": target}, params), "snips")
    monkeypatch.setattr("ml.off_policy.estimators.MOST_GROUPS", 400)
    grouped = found(off_policy_values(log, {"wanted": target}, params), "snips")
    assert grouped["value"] == pytest.approx(single["value"])
    assert grouped["standard_error"] == pytest.approx(single["standard_error"], rel=0.15)


@pytest.mark.parametrize("wrong", [{"level": 1.0}, {"resamples": 0}, {"folds": 1}])
def test_parameters_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        OffPolicyParams(**wrong)
