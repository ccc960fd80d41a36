"""Who comes on a day, and what users remember from one day to the next."""

from dataclasses import dataclass

import numpy as np

from simulation.config import SECONDS_PER_DAY
from simulation.world import World

REMEMBERED_PURCHASES = 12
# Monday to Sunday.
WEEKDAY_FACTORS = np.array([0.95, 0.9, 0.9, 0.95, 1.0, 1.15, 1.15])


@dataclass(frozen=True)
class Memories:
    """What users carry over; every array has one row per user of a block.

    Attributes
    ----------
    satisfactions : ndarray of float64
        In [0, 1]: how relevant the recent lists were.
    purchases : ndarray of shape (n_users, REMEMBERED_PURCHASES), int32
        Items bought, latest first, -1 where none.
    purchase_days : ndarray of int32
        Day of the latest purchase.
    last_categories : ndarray of int16
        Category of the latest view, -1 when none.
    """

    satisfactions: np.ndarray
    purchases: np.ndarray
    purchase_days: np.ndarray
    last_categories: np.ndarray


@dataclass(frozen=True)
class Sessions:
    """The sessions of a day; every array has one row per session.

    Attributes
    ----------
    users : ndarray of int64
        User numbers, ascending.
    seconds : ndarray of int64
        Unix second of the start.
    numbers : ndarray of int64
        Unique in the log.
    surfaces, devices : ndarray of int8
        Where the list is shown, and on what.
    anonymous : ndarray of int64
        Browser number, -1 when none was recorded.
    """

    users: np.ndarray
    seconds: np.ndarray
    numbers: np.ndarray
    surfaces: np.ndarray
    devices: np.ndarray
    anonymous: np.ndarray


def fresh_memories(count: int) -> Memories:
    """Make the memories of users who have seen nothing yet.

    Parameters
    ----------
    count : int
        Users.

    Returns
    -------
    Memories
    """
    return Memories(
        satisfactions=np.full(count, 0.35),
        purchases=np.full((count, REMEMBERED_PURCHASES), -1, dtype=np.int32),
        purchase_days=np.full(count, np.iinfo(np.int32).min // 2, dtype=np.int32),
        last_categories=np.full(count, -1, dtype=np.int16),
    )


def visit_chances(
    world: World, users: np.ndarray, satisfactions: np.ndarray, day: int
) -> np.ndarray:
    """Probability that each user visits on a day.

    Parameters
    ----------
    world : World
    users : ndarray of shape (n,), int
        User numbers.
    satisfactions : ndarray of shape (n,)
    day : int

    Returns
    -------
    ndarray of shape (n,)
        0 for bots and before signing up, 1 on the day of it, at most 0.95 after.
    """
    habits = world.config.habits
    # 1970-01-01 was a Thursday, the fourth day of the week.
    weekday = (world.config.start_second // SECONDS_PER_DAY + day + 3) % 7
    moods = habits.visit_floor + habits.visit_gain * satisfactions
    chances = np.minimum(world.users.activities[users] * WEEKDAY_FACTORS[weekday] * moods, 0.95)
    signed_up = world.users.signed_up_days[users]
    chances = np.where(signed_up < day, chances, np.where(signed_up == day, 1.0, 0.0))
    return np.where(world.users.are_bots[users], 0.0, chances)


def open_sessions(
    world: World,
    users: np.ndarray,
    memories: Memories,
    day: int,
    first_number: int,
    rng: np.random.Generator,
) -> Sessions:
    """Decide who visits, when and on which device.

    Parameters
    ----------
    world : World
    users : ndarray of shape (n,), int
        User numbers, ascending.
    memories : Memories
        Of the same users.
    day : int
    first_number : int
        Number of the first session.
    rng : Generator

    Returns
    -------
    Sessions
        At most two of a user; none before signing up; starts before 23:00 UTC.
    """
    visit, again = rng.random((2, users.size))
    comes = visit < visit_chances(world, users, memories.satisfactions, day)
    returns = comes & (again < world.config.habits.second_session)
    visitors = np.repeat(users, comes.astype(np.int64) + returns)
    hours, surface, device, known = rng.random((4, visitors.size))
    # The sum of two uniforms: a peak in the afternoon, none at night.
    start = (6.0 + 8.5 * (hours + rng.random(visitors.size))) * 3600
    midnight = world.config.start_second + day * SECONDS_PER_DAY
    earliest = world.users.signed_up_seconds[visitors] + 60
    usual = world.users.devices[visitors]
    devices = np.where(device < 0.8, usual, (usual + 1) % 3).astype(np.int8)
    # A browser number that tells nothing about the user: Knuth's multiplicative hash.
    browser = ((visitors * 3 + devices + 1) * 2_654_435_761) % 2**32
    return Sessions(
        users=visitors,
        seconds=np.maximum(midnight + start.astype(np.int64), earliest),
        numbers=first_number + np.arange(visitors.size),
        surfaces=(surface < 0.3).astype(np.int8),
        devices=devices,
        anonymous=np.where(known < 0.3, browser, -1),
    )


def update_memories(
    memories: Memories,
    rows: np.ndarray,
    list_relevance: np.ndarray,
    bought: np.ndarray,
    viewed_categories: np.ndarray,
    day: int,
    memory: float,
) -> Memories:
    """Let users remember the sessions of a day.

    Parameters
    ----------
    memories : Memories
    rows : ndarray of shape (n_sessions,), int
        Row of the user in `memories`, ascending.
    list_relevance : ndarray of shape (n_sessions,)
        Mean relevance of the session's list.
    bought : ndarray of shape (n_sessions,), int32
        Item bought last in the session, -1 when none.
    viewed_categories : ndarray of shape (n_sessions,), int16
        Category viewed last, -1 when nothing was viewed.
    day : int
    memory : float
        Weight of the past in satisfaction.

    Returns
    -------
    Memories
        Satisfaction moves once a day, towards the mean of the day's lists.
    """
    count = memories.satisfactions.size
    sessions = np.bincount(rows, minlength=count)
    sums = np.bincount(rows, weights=list_relevance, minlength=count)
    moved = memory * memories.satisfactions + (1 - memory) * sums / np.maximum(sessions, 1)
    purchases = memories.purchases.copy()
    purchase_days = memories.purchase_days.copy()
    buyers = bought >= 0
    # A user's second session of a day would overwrite the first: one buys at a time.
    for turn in (_first_of_each(rows), ~_first_of_each(rows)):
        chosen = rows[turn & buyers]
        purchases[chosen, 1:] = purchases[chosen, :-1]
        purchases[chosen, 0] = bought[turn & buyers]
        purchase_days[chosen] = day
    last_categories = memories.last_categories.copy()
    viewers = viewed_categories >= 0
    last_categories[rows[viewers]] = viewed_categories[viewers]
    return Memories(
        np.where(sessions > 0, moved, memories.satisfactions),
        purchases,
        purchase_days,
        last_categories,
    )


def _first_of_each(rows: np.ndarray) -> np.ndarray:
    """Mark the first of equal neighbours."""
    return np.concatenate([[True], rows[1:] != rows[:-1]])[: rows.size]
