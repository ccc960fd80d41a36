"""A simulated shop's log, and what other policies would really have earned in it."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from ml.off_policy.log import LoggedActions, Target
from ml.off_policy.propensities import propensities_without_repeats
from simulation.config import NO_DIRT, WorldConfig
from simulation.day import Block, DayLog, open_blocks, step_block
from simulation.policies import ListRequest, Lists, Policy, random_policy, shop_policy
from simulation.preferences import open_shelf
from simulation.records import VIEW
from simulation.world import World, build_world

CONFIG = WorldConfig(users=5000, items=40, days=60, seed=11, dirt=NO_DIRT)
FIRST_DAY = 30


@dataclass(frozen=True)
class Shop:
    """Thirty days of the shop's own lists, with the true values of two other policies.

    Attributes
    ----------
    world : World
    log : LoggedActions
        An outcome is a view that the list led to.
    certain : LoggedActions
        The same sessions, if everybody is always shown what is most popular.
    targets : dict of str to Target
        popular: the same list for all, by popularity; random: any item on offer.
    truths : dict of (policy, places) to float
        Mean outcome of an impression when the policy chooses the lists of the same sessions.
    """

    world: World
    log: LoggedActions
    certain: LoggedActions
    targets: dict[str, Target]
    truths: dict[tuple[str, str], float]


def popular_policy(request: ListRequest) -> Lists:
    """Show everybody what is most popular."""
    weights = request.shelf.weights
    best = np.argsort(-weights, kind="stable")[: request.length].astype(np.int32)
    items = np.tile(best, (request.users.size, 1))
    return Lists(items, np.ones(items.shape), "popular")


def outcomes(log: DayLog) -> np.ndarray:
    """Whether each impression led to a view."""
    events, shown = log.events, log.impressions
    views = events.types == VIEW
    clicked = events.requests[views] * CONFIG.items + events.items[views]
    keys = shown.requests * CONFIG.items + shown.items
    return np.isin(keys, clicked).astype(np.float64)


def simulate_shop() -> Shop:
    """Run the shop, and beside each day the same day under the other policies."""
    world = build_world(CONFIG)
    blocks = open_blocks(world)
    others: dict[str, Policy] = {"popular": popular_policy, "random": random_policy}
    days: list[tuple[int, DayLog]] = []
    beside: dict[str, list[DayLog]] = {name: [] for name in others}
    for day in range(CONFIG.days):
        shelf = open_shelf(world, day)
        following: list[Block] = []
        for block in blocks:
            after, log = step_block(world, shelf, block, shop_policy)
            following.append(after)
            if day >= FIRST_DAY:
                days.append((day, log))
                for name, policy in others.items():
                    # Equal random numbers: the same sessions of the same users.
                    _, other = step_block(world, shelf, block, policy)
                    beside[name].append(other)
        blocks = following
    logged, certain = _logged([log for _, log in days]), _logged(beside["popular"])
    return Shop(world, logged, certain, _targets(world, days), _truths(beside))


def _logged(days: list[DayLog]) -> LoggedActions:
    parts = [log.impressions for log in days]
    requests = np.concatenate([part.requests for part in parts])
    places = np.concatenate([part.ranks for part in parts]).astype(np.int64)
    given_above = np.concatenate([part.propensities for part in parts])
    return LoggedActions(
        users=np.concatenate([part.users for part in parts]),
        requests=requests,
        places=places,
        actions=np.concatenate([part.items for part in parts]).astype(np.int64),
        propensities=propensities_without_repeats(requests, places, given_above),
        outcomes=np.concatenate([outcomes(log) for log in days]),
    )


def _targets(world: World, days: list[tuple[int, DayLog]]) -> dict[str, Target]:
    length = CONFIG.list_length
    numbers = np.concatenate([np.full(log.impressions.items.size, day) for day, log in days])
    places = np.concatenate([log.impressions.ranks for _, log in days])
    popular = np.zeros((CONFIG.days * length, CONFIG.items))
    anything = np.zeros((CONFIG.days, CONFIG.items))
    for day in range(FIRST_DAY, CONFIG.days):
        shelf = open_shelf(world, day)
        best = np.argsort(-shelf.weights, kind="stable")[:length]
        popular[day * length + np.arange(length), best] = 1.0
        anything[day, shelf.items] = 1.0 / shelf.items.size
    return {
        "popular": Target(csr_matrix(popular), numbers * length + places - 1),
        "random": Target(csr_matrix(anything), numbers),
    }


def _truths(beside: dict[str, list[DayLog]]) -> dict[tuple[str, str], float]:
    truths = {}
    for name, days in beside.items():
        ranks = np.concatenate([log.impressions.ranks for log in days])
        clicks = np.concatenate([outcomes(log) for log in days])
        truths[name, "first"] = float(clicks[ranks == 1].mean())
        truths[name, "all"] = float(clicks.mean())
    return truths
