"""What users really want at a moment: the planted truth."""

from dataclasses import dataclass

import numpy as np

from simulation.catalogue import unit
from simulation.world import World


@dataclass(frozen=True)
class Shelf:
    """What the shop offers on a day, by category and popularity.

    Attributes
    ----------
    day : int
    items : ndarray of int32
        Offered items, sorted by category, then by number.
    starts : ndarray of shape (n_categories + 1,), int64
        Category ``c`` is ``items[starts[c]:starts[c + 1]]``.
    cumulative : ndarray of shape (items.size + 1,), float64
        Running sum of the popularity weights, from 0.
    weights : ndarray of shape (n_items,), float64
        Popularity weight by item number; 0 when not offered.
    appeals : ndarray of shape (n_items,), float64
        What everybody finds in an item that day, by item number.
    """

    day: int
    items: np.ndarray
    starts: np.ndarray
    cumulative: np.ndarray
    weights: np.ndarray
    appeals: np.ndarray


def open_shelf(world: World, day: int) -> Shelf:
    """Lay out what is offered on a day.

    Parameters
    ----------
    world : World
    day : int
        Day of the log, from 0.

    Returns
    -------
    Shelf
        At least one item is offered.
    """
    catalogue = world.catalogue
    ages = np.maximum(day - catalogue.released_days, 0)
    fading = np.maximum(-np.log(2) * ages / catalogue.half_lives, -2.0)
    appeals = catalogue.qualities + fading
    offered = (catalogue.released_days <= day) & (day < catalogue.discontinued_days)
    order = np.argsort(catalogue.categories, kind="stable")
    items = order[offered[order]].astype(np.int32)
    weights = np.where(offered, np.exp(appeals), 0.0)
    categories = np.arange(catalogue.centres.shape[0] + 1)
    return Shelf(
        day=day,
        items=items,
        starts=np.searchsorted(catalogue.categories[items], categories),
        cumulative=np.concatenate([[0.0], np.cumsum(weights[items])]),
        weights=weights,
        appeals=appeals,
    )


def draw_by_popularity(shelf: Shelf, categories: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Draw offered items in proportion to popularity, within a category or overall.

    Parameters
    ----------
    shelf : Shelf
    categories : ndarray of int
        Category to draw from, -1 for all. Each has an item on offer.
    uniforms : ndarray
        In [0, 1), shape that broadcasts with `categories`.

    Returns
    -------
    ndarray of int32
        Item numbers.
    """
    first = np.where(categories < 0, 0, shelf.starts[categories])
    last = np.where(categories < 0, shelf.items.size, shelf.starts[categories + 1])
    low, high = shelf.cumulative[first], shelf.cumulative[last]
    places = np.searchsorted(shelf.cumulative, low + uniforms * (high - low), side="right") - 1
    # Rounding may carry a draw onto the upper end, which belongs to the next category.
    return shelf.items[np.clip(places, first, last - 1)]


def tastes_at(world: World, users: np.ndarray, day: int) -> np.ndarray:
    """Directions of taste of some users on a day.

    Parameters
    ----------
    world : World
    users : ndarray of shape (n,), int
        User numbers.
    day : int
        Day of the log, from 0.

    Returns
    -------
    ndarray of shape (n, DIMENSIONS), float64
        Unit vectors, on the arc that starts at the first taste.
    """
    angles = np.minimum(world.users.turns[users] * day, np.pi / 2)[:, None]
    first = world.users.first_tastes[users].astype(np.float64)
    last = world.users.last_tastes[users].astype(np.float64)
    return unit(np.cos(angles) * first + np.sin(angles) * last)


def utilities(world: World, shelf: Shelf, tastes: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Compute the utility of items to users, before what a recent purchase adds.

    Parameters
    ----------
    world : World
    shelf : Shelf
        Of the day in question.
    tastes : ndarray of shape (n, DIMENSIONS)
    items : ndarray of shape (n, m), int
        Item numbers, a row for each taste.

    Returns
    -------
    ndarray of shape (n, m), float64
        Log-odds.
    """
    habits = world.config.habits
    # Float64 without BLAS: sums that differ between machines would change the log.
    match = np.einsum("nd,nmd->nm", tastes, world.catalogue.directions[items])
    return habits.taste_weight * match + shelf.appeals[items] + habits.utility_offset


def relevance(utility: np.ndarray) -> np.ndarray:
    """Turn utility into the probability that an item is wanted.

    Parameters
    ----------
    utility : ndarray
        Log-odds.

    Returns
    -------
    ndarray
        In (0, 1).
    """
    return 1.0 / (1.0 + np.exp(-utility))
