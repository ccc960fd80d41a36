"""Who decides which items are shown: the shop's logging policy and two to compare with.

A policy is any callable from `ListRequest` to `Lists`, so that the lists of a
real recommender can be tried on the same users.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulation.preferences import Shelf, draw_by_popularity, tastes_at, utilities
from simulation.visits import Sessions
from simulation.world import World


@dataclass(frozen=True)
class ListRequest:
    """Lists wanted on a day, one for each session.

    Attributes
    ----------
    world : World
    shelf : Shelf
        What may be shown.
    users : ndarray of shape (n,), int64
        User numbers; one with two sessions occurs twice.
    last_categories : ndarray of shape (n,), int16
        Category of the last item the user viewed before today, -1 when none.
    rng : Generator
    sessions : Sessions, optional
        Of which each wants a list, in the same order; None where only the users are known.
    """

    world: World
    shelf: Shelf
    users: np.ndarray
    last_categories: np.ndarray
    rng: np.random.Generator
    sessions: Sessions | None = None

    @property
    def length(self) -> int:
        """Items a list has."""
        return min(self.world.config.list_length, self.shelf.items.size)


@dataclass(frozen=True)
class Lists:
    """Items shown, best rank first.

    Attributes
    ----------
    items : ndarray of shape (n, length), int32
        Item numbers, no item twice in a row of the array; -1 leaves a place empty.
    propensities : ndarray of shape (n, length), float64
        Probability, in (0, 1], that the policy puts this item on this rank
        given the items it put above.
    policy : str
        Name written to the log.
    """

    items: np.ndarray
    propensities: np.ndarray
    policy: str


Policy = Callable[[ListRequest], Lists]

CATEGORY_SHARE = 0.45
UNIFORM_SHARE = 0.15


def shop_policy(request: ListRequest) -> Lists:
    """Show what is popular, overall and in the category last viewed, and explore.

    Each draw takes, with probability 0.45, an item of the category last viewed
    in proportion to popularity; with 0.15 any offered item; else any in
    proportion to popularity. A user without a category, or whose category is
    sold out, gets the last kind instead of the first. Items already on the
    list are drawn again, so a list follows the Plackett-Luce model with these
    probabilities.

    Parameters
    ----------
    request : ListRequest

    Returns
    -------
    Lists
        The propensity of item i on rank r is ``p(i) / (1 - sum of p above)``
        with p the mixture above: at rank 1 it sums to one over the catalogue.
    """
    categories = _stocked(request.shelf, request.last_categories)
    items = _first_distinct(request, categories)
    chances = shop_probabilities(request.world, request.shelf, categories, items)
    return Lists(items, given_the_items_above(chances), "shop")


def shop_probabilities(
    world: World, shelf: Shelf, categories: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """Probability that the shop's policy draws an item.

    Parameters
    ----------
    world : World
    shelf : Shelf
    categories : ndarray of shape (n,), int
        Category last viewed, -1 for none; each has an item on offer.
    items : ndarray of shape (n, m), int
        Item numbers.

    Returns
    -------
    ndarray of shape (n, m), float64
        In [0, 1); 0 only for items that are not offered.
    """
    known = categories >= 0
    totals = (
        shelf.cumulative[shelf.starts[categories + 1]] - shelf.cumulative[shelf.starts[categories]]
    )
    same = world.catalogue.categories[items] == categories[:, None]
    focus = np.where(known, CATEGORY_SHARE / np.where(known, totals, 1.0), 0.0)[:, None] * same
    overall = 1.0 - UNIFORM_SHARE - np.where(known, CATEGORY_SHARE, 0.0)
    weights = shelf.weights[items]
    popular = weights * (focus + overall[:, None] / shelf.cumulative[-1])
    return popular + (weights > 0) * (UNIFORM_SHARE / shelf.items.size)


def given_the_items_above(chances: np.ndarray) -> np.ndarray:
    """Turn first-draw probabilities into those at each rank without replacement.

    Parameters
    ----------
    chances : ndarray of shape (n, length)
        Probability of each shown item in a single draw, best rank first.

    Returns
    -------
    ndarray of shape (n, length)
        In (0, 1].

    References
    ----------
    Plackett (1975), "The Analysis of Permutations", Applied Statistics 24(2).
    """
    above = np.cumsum(chances, axis=1) - chances
    # The last items of a nearly exhausted shop: rounding must not pass one.
    return np.minimum(chances / np.maximum(1.0 - above, chances), 1.0)


def random_policy(request: ListRequest) -> Lists:
    """Show offered items in random order, all equally likely.

    Parameters
    ----------
    request : ListRequest

    Returns
    -------
    Lists
        The propensity on rank r is one over the offered items not yet shown.
    """
    offered = request.shelf.items
    keys = request.rng.random((request.users.size, offered.size))
    order = np.argsort(keys, axis=1, kind="stable")[:, : request.length]
    chances = 1.0 / (offered.size - np.arange(request.length))
    return Lists(offered[order], np.broadcast_to(chances, order.shape), "random")


def oracle_policy(request: ListRequest) -> Lists:
    """Show what each user really wants most; no shop could know it.

    Parameters
    ----------
    request : ListRequest

    Returns
    -------
    Lists
        Propensities are one.
    """
    offered = request.shelf.items
    tastes = tastes_at(request.world, request.users, request.shelf.day)
    everything = np.broadcast_to(offered, (request.users.size, offered.size))
    scores = utilities(request.world, request.shelf, tastes, everything)
    order = np.argsort(-scores, axis=1, kind="stable")[:, : request.length]
    return Lists(offered[order], np.ones(order.shape), "oracle")


def _stocked(shelf: Shelf, categories: np.ndarray) -> np.ndarray:
    """Replace categories with nothing on offer by -1."""
    empty = shelf.starts[categories + 1] == shelf.starts[categories]
    return np.where((categories < 0) | empty, -1, categories).astype(np.int64)


def _draw(request: ListRequest, categories: np.ndarray) -> np.ndarray:
    """One draw of the shop's mixture for each row."""
    kinds, uniforms = request.rng.random((2, categories.size))
    focused = np.where(kinds < CATEGORY_SHARE, categories, -1)
    popular = draw_by_popularity(request.shelf, focused, uniforms)
    anything = request.shelf.items[(uniforms * request.shelf.items.size).astype(np.int64)]
    return np.where(kinds >= 1.0 - UNIFORM_SHARE, anything, popular)


def _first_distinct(request: ListRequest, categories: np.ndarray) -> np.ndarray:
    """Draw until every list is full, leaving out what is on it already."""
    lists = np.full((categories.size, request.length), -1, dtype=np.int32)
    filled = np.zeros(categories.size, dtype=np.int64)
    open_rows = np.arange(categories.size)
    while open_rows.size:
        drawn = _draw(request, categories[open_rows])
        new = ~(lists[open_rows] == drawn[:, None]).any(axis=1)
        rows = open_rows[new]
        lists[rows, filled[rows]] = drawn[new]
        filled[rows] += 1
        open_rows = open_rows[filled[open_rows] < request.length]
    return lists
