"""The true lift by hand, and lives that end as they must."""

from dataclasses import replace

import numpy as np
import pytest

from demo.outcomes import NEVER, Outcomes
from demo.plan import START, DemoPlan
from demo.truth import REPLAY_SEEDS, compared, lived, true_lift
from serving.experiments import LIVE, POPULAR
from simulation.day import open_blocks
from simulation.world import build_world

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


def test_the_lives_of_a_pair_differ_in_the_lists_alone(release):
    plan = DemoPlan(days=10, users=100, items=50, history_days=56)
    world = build_world(plan.world)
    blocks = open_blocks(world)
    popular, live = (lived(plan, world, blocks, {0: release}, policy) for policy in (POPULAR, LIVE))
    # The first list decides about nothing that came before it: all came on the same days.
    np.testing.assert_array_equal(popular.exposed_seconds // DAY, live.exposed_seconds // DAY)
    end = plan.world.end_second
    np.testing.assert_array_equal(popular.mature(end), live.mature(end))
    assert (popular.exposed_seconds != NEVER).sum() > 20


def test_the_true_lift_is_that_of_the_lives_in_other_processes(release):
    plan = DemoPlan(days=10, users=100, items=50, history_days=56, replays=2)
    world = build_world(plan.world)
    blocks = open_blocks(world)
    told: list[str] = []
    found = true_lift(plan, world, blocks, {0: release}, told.append)
    again = replace(world, config=replace(world.config, seed=plan.seed + REPLAY_SEEDS))
    pairs = [
        (
            lived(plan, one, blocks, {0: release}, POPULAR),
            lived(plan, one, blocks, {0: release}, LIVE),
        )
        for one in (world, again)
    ]
    assert found == compared(plan, pairs)
    assert told[-1].startswith("4 of 4 lives")
