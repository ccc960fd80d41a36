"""How users answer what they see: views, carts, purchases, dislikes."""

from dataclasses import dataclass

import numpy as np

from simulation.policies import Lists
from simulation.preferences import (
    Shelf,
    draw_by_popularity,
    relevance,
    tastes_at,
    utilities,
)
from simulation.visits import Memories, Sessions
from simulation.world import World

SEARCH_CANDIDATES = 8


@dataclass(frozen=True)
class Answers:
    """Everything seen in the sessions of a day and what was done with it.

    Arrays of shape (n_sessions, list length + searches): first the list by
    rank, then what the user searched.

    Attributes
    ----------
    items : ndarray of int32
        Item numbers, -1 where a place stayed empty.
    relevances : ndarray of float64
        Probability that the user wants the item; 0 at an empty place.
    viewed, carted, bought, disliked : ndarray of bool
        Carted and disliked imply viewed, bought implies carted.
    dwell_seconds : ndarray of float64
        Time looked at, 0 when not viewed.
    pieces : ndarray of int64
        Quantity, if bought.
    """

    items: np.ndarray
    relevances: np.ndarray
    viewed: np.ndarray
    carted: np.ndarray
    bought: np.ndarray
    disliked: np.ndarray
    dwell_seconds: np.ndarray
    pieces: np.ndarray


def answer(
    world: World,
    shelf: Shelf,
    sessions: Sessions,
    lists: Lists,
    memories: Memories,
    rng: np.random.Generator,
) -> Answers:
    """Let users look at their lists, search, and act.

    Parameters
    ----------
    world : World
    shelf : Shelf
    sessions : Sessions
    lists : Lists
        One for each session.
    memories : Memories
        One row for each session.
    rng : Generator

    Returns
    -------
    Answers
    """
    habits = world.config.habits
    tastes = tastes_at(world, sessions.users, shelf.day)
    found = _search(world, shelf, tastes, memories, rng)
    items = np.concatenate([lists.items, found], axis=1)
    utility = utilities(world, shelf, tastes, items)
    utility += habits.complement_bonus * _goes_with(world, memories, shelf.day, items)
    relevances = np.where(items >= 0, relevance(utility), 0.0)
    owned = (items[:, :, None] == memories.purchases[:, None, :]).any(axis=2)
    interest = np.where(owned, habits.repeat_interest, 1.0)
    view, cart, purchase, dislike, pieces = rng.random((5, *items.shape))
    # What was searched for is looked at in any case.
    searched = np.zeros(items.shape[1], dtype=bool)
    searched[lists.items.shape[1] :] = True
    examined = habits.view / (1 + habits.examination_decay * np.arange(items.shape[1]))
    viewed = (items >= 0) & (searched | (view < examined * relevances * interest))
    carted = viewed & (cart < habits.cart * relevances * interest)
    return Answers(
        items=items,
        relevances=relevances,
        viewed=viewed,
        carted=carted,
        bought=carted & (purchase < habits.purchase),
        disliked=viewed & ~carted & (dislike < habits.dislike * (1 - relevances) ** 2),
        dwell_seconds=np.where(viewed, _dwell(relevances, rng), 0.0),
        pieces=1 + (pieces < 0.15) + (pieces < 0.03),
    )


def _search(
    world: World,
    shelf: Shelf,
    tastes: np.ndarray,
    memories: Memories,
    rng: np.random.Generator,
) -> np.ndarray:
    """Items the users look for themselves, -1 where they look for nothing."""
    habits = world.config.habits
    count = tastes.shape[0]
    found = np.full((count, len(habits.searches)), -1, dtype=np.int32)
    session, place = np.nonzero(rng.random(found.shape) < np.array(habits.searches))
    categories = _wanted_categories(world, shelf, tastes, session, rng.random(session.size))
    uniforms = rng.random((session.size, SEARCH_CANDIDATES))
    results = draw_by_popularity(shelf, categories[:, None], uniforms)
    match = np.einsum("nd,nmd->nm", tastes[session], world.catalogue.directions[results])
    # The results are popular already: among them taste alone decides, with Gumbel noise.
    noise = -np.log(rng.standard_exponential(results.shape))
    best = (habits.taste_weight * match + noise).argmax(axis=1)
    found[session, place] = results[np.arange(session.size), best]
    accessory, which = rng.random((2, count))
    latest = memories.purchases[:, 0]
    partners = world.catalogue.complements
    partner = partners[latest, (which * partners.shape[1]).astype(np.int64)]
    wanted = _bought_recently(world, memories, shelf.day) & (accessory < habits.complement_search)
    found[:, 0] = np.where(wanted & (shelf.weights[partner] > 0), partner, found[:, 0])
    return found


def _wanted_categories(
    world: World, shelf: Shelf, tastes: np.ndarray, session: np.ndarray, uniforms: np.ndarray
) -> np.ndarray:
    """Categories searched, drawn by a softmax of taste over those with something on offer."""
    match = np.einsum("nd,cd->nc", tastes, world.catalogue.centres)
    stocked = np.diff(shelf.starts) > 0
    running = np.cumsum(np.exp(world.config.habits.taste_weight * match) * stocked, axis=1)
    targets = uniforms * running[session, -1]
    places = (running[session] <= targets[:, None]).sum(axis=1)
    return np.minimum(places, np.flatnonzero(stocked)[-1])


def _bought_recently(world: World, memories: Memories, day: int) -> np.ndarray:
    """Whether the latest purchase still calls for what goes with it."""
    elapsed = day - memories.purchase_days
    return (memories.purchases[:, 0] >= 0) & (elapsed <= world.config.habits.complement_days)


def _goes_with(world: World, memories: Memories, day: int, items: np.ndarray) -> np.ndarray:
    """Whether an item is a partner of the user's latest, still recent purchase."""
    partners = world.catalogue.complements[memories.purchases[:, 0]]
    fits = (items[:, :, None] == partners[:, None, :]).any(axis=2)
    return _bought_recently(world, memories, day)[:, None] & fits


def _dwell(relevances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Seconds looked at an item: log-normal, longer when it is wanted, 1 to 600."""
    seconds = (6.0 + 50.0 * relevances) * np.exp(0.6 * rng.standard_normal(relevances.shape))
    return np.clip(np.round(seconds, 1), 1.0, 600.0)
