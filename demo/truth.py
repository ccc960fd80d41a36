"""The true lift: what would have been if everybody had lived with one arm, or with the other.

The releases are those that answered in the demo, each on its own days. All users of the shop live
through the same days twice, with the same draws of who visits; the difference of their return rates
is the true lift. It is a mean over several such pairs of lives, so that it has a standard error,
which is far smaller than that of the experiment: every user is in both arms.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from demo.outcomes import Outcomes
from demo.plan import DemoPlan
from demo.replay import ReplayedVisitors
from serving.bundle import Bundle
from serving.experiments import LIVE, POPULAR
from simulation.config import SECONDS_PER_DAY
from simulation.day import Block, step_day
from simulation.world import World

# Far from the seeds that people choose.
REPLAY_SEEDS = 7_919
# Each holds a release and all users.
MOST_PROCESSES = 4


@dataclass(frozen=True)
class TrueLift:
    """What the simulation knows.

    Attributes
    ----------
    control, treatment : float
        Share of the users who return on the seventh day, with each arm for all.
    lift, standard_error : float
        Their difference, and how well that is known.
    users : int
        Over whom, in all lives.
    by_date : dict of str to float
        The lift among the users who came up to a date, as the looks of an experiment add up.
    """

    control: float
    treatment: float
    lift: float
    standard_error: float
    users: int
    by_date: dict[str, float]


def true_lift(
    plan: DemoPlan,
    world: World,
    blocks: list[Block],
    releases: Mapping[int, Path],
    report: Callable[[str], None] = lambda _: None,
) -> TrueLift:
    """Let all users live with each arm.

    Parameters
    ----------
    plan : DemoPlan
    world : World
    blocks : list of Block
        The users at the end of the history.
    releases : mapping of int to Path
        The folder of the release that answered from a day of the demo on; day 0 is there.
    report : callable
        Told how far it is.
    """
    # The lives with popular items are short: the others begin first.
    jobs = [(policy, number) for policy in (LIVE, POPULAR) for number in range(plan.replays)]
    workers = min(os.cpu_count() or 1, MOST_PROCESSES, len(jobs))
    lives: dict[tuple[str, int], Outcomes] = {}
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        begun = {
            pool.submit(lived, plan, _drawn_again(world, number), blocks, releases, policy): (
                policy,
                number,
            )
            for policy, number in jobs
        }
        report(f"{len(jobs)} lives with one arm for everybody")
        for life in as_completed(begun):
            lives[begun[life]] = life.result()
            report(f"{len(lives)} of {len(jobs)} lives with one arm for everybody")
    pairs = [(lives[POPULAR, number], lives[LIVE, number]) for number in range(plan.replays)]
    return compared(plan, pairs)


def lived(
    plan: DemoPlan,
    world: World,
    blocks: list[Block],
    releases: Mapping[int, Path],
    policy: str,
) -> Outcomes:
    """Let all users live with one policy; return what came of it."""
    visitors, outcomes = ReplayedVisitors(policy), Outcomes(plan.users)
    for day in range(plan.days):
        if day in releases:
            visitors.bundle = Bundle.open(releases[day])
        blocks, logs = step_day(world, blocks, plan.history_days + day, visitors)
        for log in logs:
            visitors.remember(log)
            outcomes.add(log)
    return outcomes


def _drawn_again(world: World, number: int) -> World:
    """Return the same shop with other draws of what happens in it."""
    config = replace(world.config, seed=world.config.seed + number * REPLAY_SEEDS)
    return replace(world, config=config)


def compared(plan: DemoPlan, pairs: list[tuple[Outcomes, Outcomes]]) -> TrueLift:
    """Compare lives with the control and with the treatment, user by user.

    Parameters
    ----------
    plan : DemoPlan
    pairs : list of (Outcomes, Outcomes)
        Control and treatment with the same draws: until a user's first list nothing differs, so
        the same users came on the same days.
    """
    end = plan.world.end_second
    differences, controls, days = [], [], []
    for control, treatment in pairs:
        mature = control.mature(end)
        differences.append(treatment.returned[mature] * 1.0 - control.returned[mature])
        controls.append(control.returned[mature])
        days.append(control.exposed_seconds[mature] // SECONDS_PER_DAY)
    difference, came = np.concatenate(differences), np.concatenate(days)
    control_share = float(np.concatenate(controls).mean())
    lift = float(difference.mean())
    return TrueLift(
        control=control_share,
        treatment=control_share + lift,
        lift=lift,
        standard_error=float(difference.std(ddof=1) / np.sqrt(difference.size)),
        users=difference.size,
        by_date={
            str(np.datetime64(int(day), "D")): float(difference[came <= day].mean())
            for day in np.unique(came)
        },
    )
