"""One day of the shop: who comes, what is shown, what is done."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simulation import records
from simulation.answers import Answers, answer
from simulation.bots import bot_events
from simulation.config import BLOCK_USERS
from simulation.policies import ListRequest, Lists, Policy
from simulation.preferences import Shelf, open_shelf
from simulation.randomness import Purpose, generator
from simulation.records import Events, Impressions, join_events, take
from simulation.visits import (
    Memories,
    Sessions,
    fresh_memories,
    open_sessions,
    update_memories,
)
from simulation.world import World

# Upper bounds of what a block does on a day, so that numbers are unique in the log.
BLOCK_SESSIONS = 4 * BLOCK_USERS
BLOCK_EVENTS = 2**23


@dataclass(frozen=True)
class Block:
    """Users ``[start, stop)``, the unit that is simulated at once.

    Attributes
    ----------
    number : int
        From 0.
    start, stop : int
        User numbers.
    memories : Memories
        Of these users, after the last simulated day.
    """

    number: int
    start: int
    stop: int
    memories: Memories


@dataclass(frozen=True)
class DayLog:
    """What a block of users saw and did on a day, without dirt.

    Attributes
    ----------
    day : int
    first_event : int
        Number of the first event; the others follow.
    events : Events
        By second, then user; a session may run past midnight.
    impressions : Impressions
        By session, then rank.
    """

    day: int
    first_event: int
    events: Events
    impressions: Impressions


def open_blocks(world: World) -> list[Block]:
    """Divide the users into blocks that remember nothing yet.

    Parameters
    ----------
    world : World

    Returns
    -------
    list of Block
    """
    count = world.config.users
    edges = [*range(0, count, BLOCK_USERS), count]
    return [
        Block(number, start, stop, fresh_memories(stop - start))
        for number, (start, stop) in enumerate(pairwise(edges))
    ]


def step_day(
    world: World, blocks: list[Block], day: int, policy: Policy
) -> tuple[list[Block], list[DayLog]]:
    """Simulate one day of all users.

    Parameters
    ----------
    world : World
    blocks : list of Block
        After the day before, as `open_blocks` or this function gave them.
    day : int
        From 0; may lie past the configured days.
    policy : Policy
        Chooses the lists.

    Returns
    -------
    blocks : list of Block
        After the day.
    logs : list of DayLog
        One for each block.
    """
    shelf = open_shelf(world, day)
    steps = [step_block(world, shelf, block, policy) for block in blocks]
    return [block for block, _ in steps], [log for _, log in steps]


def step_block(world: World, shelf: Shelf, block: Block, policy: Policy) -> tuple[Block, DayLog]:
    """Simulate one day of one block; blocks do not influence each other.

    Parameters
    ----------
    world : World
    shelf : Shelf
        Of the day.
    block : Block
    policy : Policy

    Returns
    -------
    block : Block
        After the day.
    log : DayLog
    """
    seed, key = world.config.seed, (shelf.day, block.number)
    step = shelf.day * world.config.block_count + block.number
    first = step * BLOCK_SESSIONS
    users = np.arange(block.start, block.stop)
    sessions = open_sessions(
        world, users, block.memories, shelf.day, first, generator(seed, Purpose.VISITS, *key)
    )
    rows = sessions.users - block.start
    recalled = take(block.memories, rows)
    lists = policy(
        ListRequest(
            world,
            shelf,
            sessions.users,
            recalled.last_categories,
            generator(seed, Purpose.LISTS, *key),
            sessions,
        )
    )
    answers = answer(
        world, shelf, sessions, lists, recalled, generator(seed, Purpose.ANSWERS, *key)
    )
    bots = bot_events(
        world, shelf, users, first + sessions.users.size, generator(seed, Purpose.BOTS, *key)
    )
    events = join_events([_events(sessions, answers, lists.items.shape[1]), bots])
    events = take(events, np.lexsort((events.users, events.seconds)))
    memories = _remember(world, block.memories, rows, answers, lists.items.shape[1], shelf.day)
    shown = _impressions(sessions, lists, answers)
    log = DayLog(shelf.day, step * BLOCK_EVENTS, events, shown)
    return Block(block.number, block.start, block.stop, memories), log


def _events(sessions: Sessions, answers: Answers, length: int) -> Events:
    """Write down actions; the cart follows the view, the purchase the cart."""
    # Three seconds pass over an item that is not opened.
    spent = np.where(answers.viewed, answers.dwell_seconds, 3.0)
    opened = np.cumsum(spent, axis=1) - spent + 2.0
    no_value = np.full(spent.shape, np.nan)
    parts = []
    for kind, done, share, values in (
        (records.VIEW, answers.viewed, 0.0, answers.dwell_seconds),
        (records.CART, answers.carted, 0.7, no_value),
        (records.PURCHASE, answers.bought, 1.0, answers.pieces.astype(np.float64)),
        (records.DISLIKE, answers.disliked, 0.9, no_value),
    ):
        session, place = np.nonzero(done)
        numbers = sessions.numbers[session]
        moments = (opened + share * spent)[session, place].astype(np.int64)
        surfaces = np.where(place < length, sessions.surfaces[session], records.SEARCH)
        parts.append(
            Events(
                users=sessions.users[session],
                items=answers.items[session, place],
                types=np.full(session.size, kind, dtype=np.int8),
                seconds=sessions.seconds[session] + moments,
                values=values[session, place],
                sessions=numbers,
                requests=np.where(place < length, numbers, records.NO_REQUEST),
                surfaces=surfaces.astype(np.int8),
                devices=sessions.devices[session],
                anonymous=sessions.anonymous[session],
            )
        )
    return join_events(parts)


def _impressions(sessions: Sessions, lists: Lists, answers: Answers) -> Impressions:
    """Write down what was shown; a session has one list, so they share a number."""
    session, place = np.nonzero(lists.items >= 0)
    return Impressions(
        requests=sessions.numbers[session],
        users=sessions.users[session],
        items=lists.items[session, place],
        ranks=(place + 1).astype(np.int32),
        surfaces=sessions.surfaces[session],
        seconds=sessions.seconds[session] + 1,
        propensities=lists.propensities[session, place],
        relevances=answers.relevances[session, place],
        policy=lists.policy,
    )


def _remember(
    world: World, memories: Memories, rows: np.ndarray, answers: Answers, length: int, day: int
) -> Memories:
    """Carry the day over: satisfaction with the lists, latest purchase and category."""
    bought = _last(answers.items, answers.bought)
    viewed = _last(answers.items, answers.viewed)
    categories = np.where(viewed >= 0, world.catalogue.categories[viewed], -1)
    shown = np.maximum((answers.items[:, :length] >= 0).sum(axis=1), 1)
    means = answers.relevances[:, :length].sum(axis=1) / shown
    memory = world.config.habits.memory
    return update_memories(memories, rows, means, bought, categories.astype(np.int16), day, memory)


def _last(items: np.ndarray, done: np.ndarray) -> np.ndarray:
    """Last item of each row with which something was done, -1 when none."""
    backwards = done[:, ::-1]
    place = done.shape[1] - 1 - backwards.argmax(axis=1)
    return np.where(done.any(axis=1), items[np.arange(items.shape[0]), place], -1)
