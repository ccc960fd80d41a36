"""The days of the shop: lists, answers, returns, and now and then a run of the pipeline."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from demo.application import PATIENCE_SECONDS, UNLIMITED, Clock, OpenApplication
from demo.outcomes import Outcomes
from demo.pipeline import Refresh, measure, refresh
from demo.plan import NAME, DemoPlan
from demo.shop import open_shop, write_mapping
from demo.visitors import Visitors
from orchestration.serve import serving_settings
from orchestration.settings import Settings
from simulation.day import Block, step_day
from simulation.world import World, build_world

Report = Callable[[str], None]


@dataclass
class Story:
    """What happened.

    Attributes
    ----------
    world : World
    start : list of Block
        The users at the end of the history.
    refreshes : list of Refresh
        The runs.
    releases : dict of int to Path
        The folder of the release that answered from a day on.
    outcomes : Outcomes
        Of the users, each with the arm that the application gave.
    arms : dict of int to str
        By user, as the answers said it.
    lists, events : int
        Answered and sent.
    measured_seconds : float
        What it took to measure the experiment at the end.
    """

    world: World
    start: list[Block]
    outcomes: Outcomes
    refreshes: list[Refresh] = field(default_factory=list)
    releases: dict[int, Path] = field(default_factory=dict)
    arms: dict[int, str] = field(default_factory=dict)
    lists: int = 0
    events: int = 0
    measured_seconds: float = 0.0


def live(plan: DemoPlan, settings: Settings, folder: Path, report: Report, tell: Report) -> Story:
    """Let the users live with topshelf.

    Parameters
    ----------
    plan : DemoPlan
    settings : Settings
        Of the home; its mapping is replaced.
    folder : Path
        Of the files of the shop.
    report : callable
        Told what is being done.
    tell : callable
        Told what was done, a line each.
    """
    world = build_world(plan.world)
    report("the shop's history")
    blocks = open_shop(plan, world, folder)
    story = Story(world, blocks, Outcomes(plan.users))
    tell(f"{plan.history_days} days of history, {plan.users:,} users, {plan.items:,} items")
    story.refreshes.append(_run(plan, settings, folder, story, 0, report, tell))
    clock = Clock(int(plan.midnight(0).timestamp()))
    own = replace(settings, mapping=str(folder / "mapping.yml"))
    with _application(own, clock) as application:
        visitors = Visitors(application, clock)
        application.wait_for_release(story.refreshes[-1].release_id)
        for day in range(plan.days):
            if day and day in plan.refreshes:
                story.refreshes.append(_run(plan, settings, folder, story, day, report, tell))
                if story.refreshes[-1].is_promoted:
                    application.wait_for_release(story.refreshes[-1].release_id)
            report(f"day {day + 1} of {plan.days}, {story.lists:,} lists so far")
            blocks, logs = step_day(world, blocks, plan.history_days + day, visitors)
            for log in logs:
                story.events += visitors.send(log)
                story.lists += len(set(log.impressions.requests.tolist()))
                story.outcomes.add(log)
            application.wait_for_impressions()
        story.arms = visitors.arms
    tell(f"{plan.days} days, {story.lists:,} lists, {story.events:,} events")
    own = replace(settings, mapping=str(write_mapping(plan, world, folder, plan.days)))
    story.measured_seconds = measure(own, report)
    tell(f"the experiment measured, {story.measured_seconds:.0f} s")
    return story


@contextmanager
def _application(settings: Settings, clock: Clock) -> Iterator[OpenApplication]:
    """Open the application as `topshelf serve` would, but without hurry."""
    chosen = replace(
        serving_settings(settings),
        limits=UNLIMITED,
        store_seconds=PATIENCE_SECONDS,
        rank_seconds=PATIENCE_SECONDS,
    )
    with OpenApplication(chosen, clock) as application:
        yield application


def _run(
    plan: DemoPlan,
    settings: Settings,
    folder: Path,
    story: Story,
    day: int,
    report: Report,
    tell: Report,
) -> Refresh:
    """Run the pipeline at the midnight of a day."""
    mapping = write_mapping(plan, story.world, folder, day)
    own = replace(settings, mapping=str(mapping))
    done = refresh(own, day, lambda text: report(f"run before day {day + 1}, {text}"))
    if done.is_promoted:
        story.releases[day] = own.places(NAME).releases / done.release_id
    verdict = "promoted" if done.is_promoted else f"refused ({'; '.join(done.refusals)})"
    tell(f"run before day {day + 1}: release {done.release_id} {verdict}, {done.seconds:.0f} s")
    tell(f"its lists are ordered by {done.order.words}")
    return done
