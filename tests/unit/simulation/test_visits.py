import numpy as np
import pytest

from simulation.config import WorldConfig
from simulation.day import open_blocks, step_day
from simulation.policies import oracle_policy, random_policy, shop_policy
from simulation.visits import (
    WEEKDAY_FACTORS,
    fresh_memories,
    open_sessions,
    update_memories,
    visit_chances,
)
from simulation.world import build_world


@pytest.fixture(scope="module")
def world():
    return build_world(WorldConfig(users=2_000, items=80, days=60, seed=8))


def test_nobody_visits_before_signing_up_and_everybody_on_the_day(world):
    users = np.arange(2_000)
    people = ~world.users.are_bots
    chances = visit_chances(world, users, np.full(2_000, 0.5), 30)
    assert not chances[people & (world.users.signed_up_days > 30)].any()
    assert (chances[people & (world.users.signed_up_days == 30)] == 1).all()
    assert not chances[~people].any()


def test_the_chance_of_a_visit_by_hand(world):
    # 2026-01-01, the second day of a log of 60 days that ends on 2026-03-01, was a Thursday.
    habits = world.config.habits
    user = int(np.flatnonzero((world.users.signed_up_days < 0) & ~world.users.are_bots)[0])
    found = visit_chances(world, np.array([user]), np.array([0.25]), 1)[0]
    mood = habits.visit_floor + habits.visit_gain * 0.25
    expected = world.users.activities[user] * WEEKDAY_FACTORS[3] * mood
    assert found == pytest.approx(min(expected, 0.95))


def test_sessions_start_after_signing_up_and_before_eleven_in_the_evening(world):
    users = np.arange(2_000)
    for day in (0, 30, 59):
        rng = np.random.default_rng(day)
        sessions = open_sessions(world, users, fresh_memories(2_000), day, 1_000, rng)
        into_day = sessions.seconds - world.config.start_second - day * 86_400
        assert ((into_day >= 0) & (into_day < 23 * 3600)).all()
        assert (sessions.seconds > world.users.signed_up_seconds[sessions.users]).all()
        assert np.bincount(sessions.users).max() == 2
        np.testing.assert_array_equal(sessions.numbers, 1_000 + np.arange(sessions.users.size))


def test_memories_of_a_day_by_hand():
    # User 0 stays away, user 1 comes once, user 2 twice and buys both times.
    after = update_memories(
        fresh_memories(3),
        rows=np.array([1, 2, 2]),
        list_relevance=np.array([0.75, 0.2, 0.4]),
        bought=np.array([-1, 7, 9]),
        viewed_categories=np.array([3, 1, -1], dtype=np.int16),
        day=5,
        memory=0.75,
    )
    np.testing.assert_allclose(
        after.satisfactions, [0.35, 0.75 * 0.35 + 0.25 * 0.75, 0.75 * 0.35 + 0.25 * 0.3]
    )
    assert after.purchases[:, :3].tolist() == [[-1, -1, -1], [-1, -1, -1], [9, 7, -1]]
    assert after.purchase_days[2] == 5
    assert after.purchase_days[1] < -1_000_000
    assert after.last_categories.tolist() == [-1, 3, 1]


def test_arguments_are_not_changed():
    before = fresh_memories(1)
    update_memories(
        before, np.array([0]), np.array([1.0]), np.array([4]), np.array([2]), day=0, memory=0.5
    )
    assert before.satisfactions[0] == 0.35
    assert before.purchases[0, 0] == -1
    assert before.last_categories[0] == -1


def late_visits(world, policy):
    """Visits in the last third of the log by users who were there from the start."""
    blocks, visits = open_blocks(world), 0
    for day in range(world.config.days):
        blocks, logs = step_day(world, blocks, day, policy)
        users = np.unique(logs[0].impressions.users)
        if day >= 40:
            visits += np.count_nonzero(world.users.signed_up_days[users] < 0)
    return visits


def test_better_lists_bring_users_back(world):
    random, shop, oracle = (
        late_visits(world, policy) for policy in (random_policy, shop_policy, oracle_policy)
    )
    # Worlds apart: with about 8,000 visits one per cent is the standard error.
    assert random * 1.2 < shop
    assert shop * 1.2 < oracle
