from dataclasses import replace

import numpy as np
import pytest

from simulation import records
from simulation.config import NO_DIRT, WorldConfig
from simulation.day import open_blocks, step_block, step_day
from simulation.policies import Lists, shop_policy
from simulation.preferences import open_shelf
from simulation.world import build_world


@pytest.fixture(scope="module")
def world():
    return build_world(WorldConfig(users=400, items=60, days=30, seed=4))


@pytest.fixture(scope="module")
def logs(world):
    blocks, days = open_blocks(world), []
    for day in range(30):
        blocks, stepped = step_day(world, blocks, day, shop_policy)
        days += stepped
    return days


def test_a_recommender_can_take_the_place_of_the_policy(world):
    asked = []

    def always_the_same(request):
        asked.append(request.users.size)
        offered = np.tile(request.shelf.items[[2, 0, 1]], (request.users.size, 1))
        return Lists(offered, np.full(offered.shape, 0.25), "mine")

    blocks, logs = step_day(world, open_blocks(world), 3, always_the_same)
    shown = logs[0].impressions
    assert shown.policy == "mine"
    assert shown.items.size == 3 * asked[0] > 0
    assert shown.items[:3].tolist() == open_shelf(world, 3).items[[2, 0, 1]].tolist()
    assert shown.ranks[:3].tolist() == [1, 2, 3]
    assert (shown.propensities == 0.25).all()
    assert len(blocks) == 1


def test_an_empty_place_of_a_list_is_no_impression(world):
    def two_of_three(request):
        first = np.full(request.users.size, request.shelf.items[0])
        third = np.full(request.users.size, request.shelf.items[1])
        items = np.stack([first, np.full_like(first, -1), third], axis=1)
        return Lists(items, np.ones(items.shape), "gap")

    _, logs = step_day(world, open_blocks(world), 3, two_of_three)
    shown, events = logs[0].impressions, logs[0].events
    assert set(shown.ranks.tolist()) == {1, 3}
    assert (events.items >= 0).all()


def test_a_day_does_not_change_the_blocks_it_starts_from(world):
    before = open_blocks(world)
    first = step_day(world, before, 0, shop_policy)[1][0]
    again = step_day(world, before, 0, shop_policy)[1][0]
    np.testing.assert_array_equal(first.events.items, again.events.items)
    assert (before[0].memories.satisfactions == 0.35).all()


def test_days_and_blocks_have_numbers_of_their_own(world, logs):
    sessions = np.concatenate([np.unique(log.events.sessions) for log in logs])
    assert np.unique(sessions).size == sessions.size
    starts = [log.first_event for log in logs]
    ends = [log.first_event + log.events.size for log in logs]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


def test_events_are_in_order_of_time(logs):
    for log in logs:
        assert (np.diff(log.events.seconds) >= 0).all()


def test_an_event_led_by_a_list_concerns_an_item_of_that_list(logs):
    for log in logs:
        led = log.events.requests != records.NO_REQUEST
        shown = set(
            zip(log.impressions.requests.tolist(), log.impressions.items.tolist(), strict=True)
        )
        pairs = zip(log.events.requests[led].tolist(), log.events.items[led].tolist(), strict=True)
        assert set(pairs) <= shown


def test_events_follow_the_impression(logs):
    for log in logs:
        shown = dict(
            zip(log.impressions.requests.tolist(), log.impressions.seconds.tolist(), strict=True)
        )
        for request, second in zip(
            log.events.requests.tolist(), log.events.seconds.tolist(), strict=True
        ):
            assert request == records.NO_REQUEST or second > shown[request]


def test_values_are_seconds_of_views_and_pieces_of_purchases(logs):
    values = np.concatenate([log.events.values for log in logs])
    types = np.concatenate([log.events.types for log in logs])
    assert (values[types == records.VIEW] > 0).all()
    assert set(values[types == records.PURCHASE].tolist()) == {1.0, 2.0, 3.0}
    assert np.isnan(values[np.isin(types, [records.CART, records.DISLIKE])]).all()


def test_bots_view_hundreds_of_items_on_a_day_and_people_never_near(world, logs):
    counts = np.concatenate(
        [
            [
                (world.users.are_bots[user], count)
                for user, count in enumerate(np.bincount(log.events.users, minlength=400))
            ]
            for log in logs
        ]
    )
    people = counts[counts[:, 0] == 0, 1]
    assert people.max() < 50
    # Rates are small: force every bot to run to see one.
    busy = replace(world.config.dirt, bot_users=0.02, bot_active_days=1.0)
    restless = build_world(replace(world.config, dirt=busy))
    _, logs = step_day(restless, open_blocks(restless), 5, shop_policy)
    views = np.bincount(logs[0].events.users, minlength=400)[restless.users.are_bots]
    active = restless.users.signed_up_days[restless.users.are_bots] < 5
    assert active.any()
    assert not active.all()
    assert (views[active] >= 200).all()
    assert (views[active] <= 400).all()
    assert not views[~active].any()


def test_a_world_without_bots_has_none(world):
    clean = build_world(replace(world.config, dirt=NO_DIRT))
    assert not clean.users.are_bots.any()


def test_blocks_do_not_influence_each_other():
    world = build_world(WorldConfig(users=20_000, items=60, days=3, seed=4))
    blocks = open_blocks(world)
    assert [(block.start, block.stop) for block in blocks] == [(0, 16_384), (16_384, 20_000)]
    together = step_day(world, blocks, 2, shop_policy)[1][1]
    alone = step_block(world, open_shelf(world, 2), blocks[1], shop_policy)[1]
    np.testing.assert_array_equal(together.events.seconds, alone.events.seconds)
    assert together.events.users.min() >= 16_384


def test_a_day_on_which_nobody_comes_is_empty(world):
    lonely = build_world(replace(world.config, users=1, dirt=NO_DIRT))
    quiet = [
        day
        for day in range(30)
        if step_day(lonely, open_blocks(lonely), day, shop_policy)[1][0].events.size == 0
    ]
    assert quiet
