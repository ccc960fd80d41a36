"""Users and the application: what is shown, sent and landed, and that the replay is the same."""

from datetime import UTC, datetime

import numpy as np
import pytest

from demo.application import PATIENCE_SECONDS, Clock, OpenApplication, RefusedError
from demo.plan import HABITS
from demo.replay import ReplayedVisitors
from demo.visitors import Visitors
from serving.assignment import Arm, Experiment
from serving.bundle import Bundle
from serving.experiments import LIVE, POPULAR, RunningExperiment
from serving.landing import landed_rows
from serving.settings import ServingSettings
from simulation.config import NO_DIRT, WorldConfig
from simulation.day import DayLog, open_blocks, step_day
from simulation.policies import ListRequest
from simulation.preferences import open_shelf
from simulation.world import World, build_world
from tests.unit.serving import shop_release
from tests.unit.serving.lists_asked import point

DAYS = 6
# A shop whose log begins on the cutoff of the release, with users who come often.
WORLD = WorldConfig(
    users=shop_release.USERS,
    items=shop_release.ITEMS,
    days=DAYS,
    seed=4,
    end_date=datetime(2026, 3, 1 + DAYS).date(),
    list_length=5,
    habits=HABITS,
    dirt=NO_DIRT,
)


@pytest.fixture(scope="module")
def home(release):
    """Home in which the release is live."""
    home = release.parent.parent
    point(home, release.name)
    return home


def served(home, folder, *experiments: RunningExperiment) -> tuple[World, list[DayLog]]:
    """Let the users live with the application for some days."""
    world, clock = build_world(WORLD), Clock(WORLD.start_second)
    (folder / "releases").symlink_to(home / "releases")
    patience = {"store_seconds": PATIENCE_SECONDS, "rank_seconds": PATIENCE_SECONDS}
    settings = ServingSettings(folder, experiments=experiments, **patience)
    blocks, days = open_blocks(world), []
    with OpenApplication(settings, clock) as application:
        application.wait_for_release("shop-1")
        visitors = Visitors(application, clock)
        for day in range(DAYS):
            blocks, logs = step_day(world, blocks, day, visitors)
            visitors.send(logs[0])
            days += logs
        application.wait_for_impressions()
    return world, days


def replayed(home, policy: str) -> list[DayLog]:
    visitors = ReplayedVisitors(policy)
    visitors.bundle = Bundle.open(home / "releases" / "shop-1")
    world = build_world(WORLD)
    blocks, days = open_blocks(world), []
    for day in range(DAYS):
        blocks, logs = step_day(world, blocks, day, visitors)
        visitors.remember(logs[0])
        days += logs
    return days


def assert_same(ours: list[DayLog], theirs: list[DayLog]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        for part in ("impressions", "events"):
            own, others = getattr(one, part), getattr(other, part)
            np.testing.assert_array_equal(own.items, others.items)
            np.testing.assert_array_equal(own.users, others.users)
            np.testing.assert_array_equal(own.seconds, others.seconds)


def test_a_replay_shows_what_the_application_shows(home, tmp_path):
    _, days = served(home, tmp_path)
    replay = replayed(home, LIVE)
    assert_same(days, replay)
    assert sum(log.impressions.items.size for log in days) > 100
    # The lists followed the events: with the release alone they would have been others.
    rigid = ReplayedVisitors(LIVE)
    rigid.bundle = Bundle.open(home / "releases" / "shop-1")
    world = build_world(WORLD)
    blocks, shown = open_blocks(world), []
    for day in range(DAYS):
        blocks, logs = step_day(world, blocks, day, rigid)
        shown.append(logs[0].impressions.items.tolist())
    assert shown != [log.impressions.items.tolist() for log in replay]


def test_the_popular_arm_of_the_application_is_the_popular_replay(home, tmp_path):
    arms = (Arm("popular", 0.9999, POPULAR), Arm("topshelf", 0.0001, LIVE))
    experiment = Experiment("lists", "lists", "a salt", arms)
    always = RunningExperiment(
        experiment, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    )
    _, days = served(home, tmp_path, always)
    assert_same(days, replayed(home, POPULAR))
    variants = {row["variant"] for row in landed_rows(tmp_path / "landing" / "impressions")}
    assert variants == {"live lists:popular"}


def test_everything_lands_at_the_time_of_the_shop_and_names_its_list(home, tmp_path):
    _, days = served(home, tmp_path)
    events = list(landed_rows(tmp_path / "landing" / "events"))
    shown = list(landed_rows(tmp_path / "landing" / "impressions"))
    assert len(events) == sum(log.events.size for log in days)
    assert len(shown) == sum(log.impressions.items.size for log in days)
    assert len({row["event_id"] for row in events}) == len(events)
    lists = {row["request_id"]: row for row in shown}
    named = [row for row in events if "request_id" in row]
    assert named
    for row in named:
        assert lists[row["request_id"]]["user_id"] == row["user_id"]
        assert lists[row["request_id"]]["shown_at"] < row["occurred_at"] <= row["loaded_at"]
    on_lists = {(row["request_id"], row["item_id"]) for row in shown}
    assert {(row["request_id"], row["item_id"]) for row in named} <= on_lists
    assert min(row["shown_at"] for row in shown) >= "2026-03-01"
    seconds = sorted(
        f"{np.datetime64(int(second), 's')}.000000Z"
        for log in days
        for second in log.events.seconds
    )
    assert sorted(row["occurred_at"] for row in events) == seconds


def test_an_answer_that_is_none_is_not_taken_for_one(home, tmp_path):
    (tmp_path / "releases").symlink_to(home / "releases")
    clock = Clock(WORLD.start_second)
    with OpenApplication(ServingSettings(tmp_path), clock) as application:
        application.wait_for_release("shop-1")
        with pytest.raises(RefusedError, match="/v1/events was answered with 422"):
            application.post("/v1/events", {"user_id": "u00001"})


def test_lists_need_sessions_and_a_release(home):
    world = build_world(WORLD)
    request = ListRequest(
        world, open_shelf(world, 0), np.array([1]), np.array([-1]), np.random.default_rng(0)
    )
    visitors = ReplayedVisitors(LIVE)
    with pytest.raises(ValueError, match="set `bundle`"):
        visitors(request)
    visitors.bundle = Bundle.open(home / "releases" / "shop-1")
    with pytest.raises(ValueError, match="needs the session"):
        visitors(request)
