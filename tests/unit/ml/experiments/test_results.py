"""Results on sums worked out by hand, and on what goes wrong in experiments."""

import numpy as np
import pandas as pd
import pytest

from ml.experiments.outlook import experiment_outlook
from ml.experiments.results import experiment_looks, experiment_results
from ml.experiments.schemas import (
    ExperimentLooks,
    ExperimentOutlook,
)
from tests.unit.ml.experiments.worked import (
    BETTER,
    DAY,
    arms,
    checks,
    experiments,
    sums,
    values,
)


def test_a_lift_worked_by_hand():
    row = experiment_results(BETTER, arms(), checks(), experiments()).iloc[0]
    # Variances of ones and zeros with n - 1: 0.3 * 0.7 / 999 and 0.4 * 0.6 / 999.
    error = np.sqrt(0.3 * 0.7 / 999 + 0.4 * 0.6 / 999)
    assert row["difference"] == pytest.approx(0.1)
    assert row["one_look_upper"] - row["difference"] == pytest.approx(1.959964 * error, rel=1e-6)
    # At the planned number of users the sequence reaches 3.035 standard errors.
    assert row["upper"] - row["difference"] == pytest.approx(3.0354 * error, rel=1e-4)
    assert row["relative_difference"] == pytest.approx(1 / 3)
    assert row["mature_share"] == 1


def test_negative_revenue_counts_as_it_is():
    generator = np.random.default_rng(0)
    control, treated = generator.normal(-2, 5, 1000), generator.normal(-1, 5, 1000)
    row = experiment_results(
        sums({"old": control, "new": treated}, "revenue"), arms(), checks(), experiments()
    ).iloc[0]
    assert row["difference"] == pytest.approx(treated.mean() - control.mean())
    # A share of a loss has no meaning.
    assert np.isnan(row["relative_difference"])
    assert row["lower"] < 1 < row["upper"]


def test_the_last_look_is_the_result_and_days_may_miss_an_arm():
    generator = np.random.default_rng(2)
    days = [
        sums({"old": generator.random(400), "new": generator.random(400)}).assign(
            exposed_date=DAY + pd.Timedelta(days=day)
        )
        for day in range(4)
    ]
    days.append(sums({"old": generator.random(50)}).assign(exposed_date=DAY + pd.Timedelta(days=5)))
    frame = pd.concat(days)
    looks = ExperimentLooks.validate(experiment_looks(frame, arms(), checks()))
    whole = experiment_results(frame, arms(), checks(), experiments()).iloc[0]
    assert looks["user_count"].tolist() == [400, 800, 1200, 1600, 1600]
    for name in ("difference", "lower", "upper"):
        assert looks[name].iloc[-1] == pytest.approx(whole[name])


def test_slices_are_adjusted_among_themselves_and_not_with_the_whole():
    parts = [
        sums({"old": values(30, 200), "new": values(ones, 200)}, slice_name="user", slice=name)
        for name, ones in (("a", 60), ("b", 40), ("c", 35))
    ]
    results = experiment_results(pd.concat([BETTER, *parts]), arms(), checks(), experiments())
    whole = results.loc[results["slice_name"] == "all"].iloc[0]
    assert whole["adjusted_p_value"] == pytest.approx(whole["p_value"])
    sliced = results.loc[results["slice_name"] == "user"].set_index("slice")
    assert sliced.loc["a", "adjusted_p_value"] == pytest.approx(3 * sliced.loc["a", "p_value"])


def test_the_metric_that_decides_is_adjusted_over_the_arms_alone():
    found = {"old": values(30, 1000), "new": values(72, 1000), "third": values(70, 1000)}
    others = [
        sums({"old": values(50, 1000), "new": values(52, 1000), "third": users}, name)
        for name, users in (("revenue", values(90, 1000)), ("negative_events", values(51, 1000)))
    ]
    three = pd.DataFrame(
        {"experiment_id": "e", "variant": list(found), "is_control": [True, False, False]}
    )
    frame = pd.concat([sums(found), *others])
    results = experiment_results(frame, three, checks(), experiments())
    indexed = results.set_index(["metric", "variant"])
    raw, adjusted = indexed["p_value"], indexed["adjusted_p_value"]
    # Benjamini and Hochberg by hand: of two arms the better one counts twice, the lesser of both.
    new, third = ("d7_return", "new"), ("d7_return", "third")
    assert raw[new] < raw[third] < 0.02
    assert adjusted[third] == pytest.approx(raw[third])
    assert adjusted[new] == pytest.approx(min(2 * raw[new], raw[third]))
    # Two other metrics of two arms are four questions.
    assert adjusted["revenue", "third"] == pytest.approx(4 * raw["revenue", "third"])


def test_the_outlook_is_that_of_the_textbook():
    history = sums({"old": values(300, 1000), "new": values(300, 1000)}).assign(
        experiment_id="history"
    )
    check = checks().assign(experiment_id="history")
    found = ExperimentOutlook.validate(experiment_outlook(history, check)).iloc[0]
    assert found["baseline"] == pytest.approx(0.3)
    assert found["user_count"] == 2000
    # (1.96 + 0.84) standard errors at one look, (3.035 + 0.84) with a look a day.
    error = np.sqrt(0.3 * 0.7 * 2 / 999)
    assert found["detectable_at_one_look"] == pytest.approx(2.8016 * error, rel=1e-3)
    assert found["detectable_difference"] == pytest.approx((3.0354 + 0.8416) * error, rel=1e-3)
    # To find three points of thirty: 4 * 0.3 * 0.7 * (3.035 + 0.84)^2 / 0.03^2, up to n - 1.
    assert found["users_for_a_tenth"] == pytest.approx(4 * 0.21 * 3.877**2 / 0.03**2, rel=2e-3)
    assert experiment_outlook(history.iloc[:0], check).empty
