"""The true lift by hand, and lives that end as they must."""

import numpy as np
import pytest

from demo.outcomes import NEVER, Outcomes
from demo.plan import START, DemoPlan
from demo.truth import compared

DAY = 86_400
FIRST = int(np.datetime64(START, "s").astype(np.int64))


def outcomes(days: list[int], returned: list[int]) -> Outcomes:
    """Users by the day of their first list, -1 for never, and whether they returned."""
    made = Outcomes(len(days))
    made.exposed_seconds = np.array([NEVER if d < 0 else FIRST + d * DAY for d in days])
    made.returned = np.array(returned, dtype=bool)
    return made


def test_the_lift_is_the_mean_difference_of_the_same_users():
    plan = DemoPlan(days=20)
    days = [0, 0, 1, 2, 15, -1]
    pair = (outcomes(days, [0, 1, 0, 0, 0, 0]), outcomes(days, [1, 1, 0, 1, 1, 1]))
    truth = compared(plan, [pair])
    # The fifth user's seventh day is not over, the sixth never came: four users, +1, 0, 0, +1.
    assert truth.users == 4
    assert truth.control == pytest.approx(0.25)
    assert truth.treatment == pytest.approx(0.75)
    assert truth.lift == pytest.approx(0.5)
    # The standard deviation of 1, 0, 0, 1 is the root of 1/3.
    assert truth.standard_error == pytest.approx((1 / 3) ** 0.5 / 2)
    assert truth.by_date == {
        "2026-02-01": pytest.approx(0.5),
        "2026-02-02": pytest.approx(1 / 3),
        "2026-02-03": pytest.approx(0.5),
    }


def test_several_pairs_of_lives_are_one_larger_sample():
    plan = DemoPlan(days=20)
    one = (outcomes([0, 0], [0, 0]), outcomes([0, 0], [1, 1]))
    other = (outcomes([0, 1], [1, 1]), outcomes([0, 1], [1, 0]))
    truth = compared(plan, [one, other])
    assert truth.users == 4
    assert truth.lift == pytest.approx((1 + 1 + 0 - 1) / 4)
