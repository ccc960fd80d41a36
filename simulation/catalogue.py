"""Items: category, price, quality, life cycle and what goes with what."""

from dataclasses import dataclass

import numpy as np

from simulation.config import SECONDS_PER_DAY, WorldConfig
from simulation.randomness import Purpose, generator

DIMENSIONS = 12
COMPLEMENTS = 2
NOUNS = {
    "lighting": "Lamp",
    "bedding": "Blanket",
    "kitchenware": "Pan",
    "tableware": "Bowl",
    "bathroom": "Towel",
    "garden": "Planter",
    "tools": "Drill",
    "desks": "Desk",
    "chairs": "Chair",
    "storage": "Shelf",
    "rugs": "Rug",
    "curtains": "Curtain",
    "candles": "Candle",
    "coffee": "Grinder",
    "baking": "Tin",
    "cleaning": "Brush",
    "pets": "Basket",
    "toys": "Puzzle",
    "books": "Cookbook",
    "wall art": "Print",
}
CATEGORIES = tuple(NOUNS)
ADJECTIVES = (
    "Oak", "Linen", "Copper", "Blue", "Nordic", "Folding", "Small", "Classic", "Stone", "Wild",
    "Quiet", "Round", "Tall", "Woven", "Bright", "Plain",
)  # fmt: skip
NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Catalogue:
    """The shop's items; every array has one row per item, index = item number.

    Attributes
    ----------
    categories : ndarray of int16
        Index into `CATEGORIES`.
    directions : ndarray of shape (n_items, DIMENSIONS), float64
        Unit vectors; taste is compared with them.
    qualities : ndarray of float64
        Standing appeal to everybody, about standard normal with a long tail.
    prices_eur : ndarray of float64
    released_days, discontinued_days : ndarray of int32
        Offered on days ``[released, discontinued)``, counted from the first
        day of the log; negative before it, `NEVER` when never discontinued.
    created_seconds : ndarray of int64
        Unix second at which the item was entered, within 12 hours before it
        was first offered.
    half_lives : ndarray of float64
        Days in which an item's appeal falls by ln 2.
    complements : ndarray of shape (n_items, COMPLEMENTS), int32
        Items wanted by those who bought this one; the two may coincide.
    centres : ndarray of shape (n_categories, DIMENSIONS), float64
        Unit vectors around which the categories' items lie.
    """

    categories: np.ndarray
    directions: np.ndarray
    qualities: np.ndarray
    prices_eur: np.ndarray
    released_days: np.ndarray
    discontinued_days: np.ndarray
    created_seconds: np.ndarray
    half_lives: np.ndarray
    complements: np.ndarray
    centres: np.ndarray

    @property
    def size(self) -> int:
        """Number of items."""
        return self.categories.size

    def titles(self) -> list[str]:
        """Name every item, e.g. ``Oak Lamp 12``."""
        return [
            f"{ADJECTIVES[item % len(ADJECTIVES)]} {NOUNS[CATEGORIES[category]]} {item}"
            for item, category in enumerate(self.categories.tolist())
        ]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale rows to length one.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        No row is zero.

    Returns
    -------
    ndarray of shape (n, d)
    """
    return vectors / np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]


def build_catalogue(config: WorldConfig) -> Catalogue:
    """Invent the items of a shop.

    Parameters
    ----------
    config : WorldConfig
        Its sizes, dates and seed are used.

    Returns
    -------
    Catalogue
        Between 4 and 20 categories, one for about 25 items (fewer than 4 when
        there are fewer items). A quarter of the
        items is released during the log, a tenth of the older ones
        discontinued during it.
    """
    rng = generator(config.seed, Purpose.ITEMS)
    count = config.items
    category_count = min(len(CATEGORIES), max(4, count // 25), count)
    centres = unit(rng.standard_normal((category_count, DIMENSIONS)))
    # The first items deal out the categories, so that none is empty.
    categories = np.arange(count, dtype=np.int16) % category_count
    categories = rng.permutation(categories)
    noise = rng.standard_normal((count, DIMENSIONS)) * (0.7 / np.sqrt(DIMENSIONS))
    released = np.where(
        rng.random(count) < 0.75,
        -rng.integers(1, 400, count),
        rng.integers(0, config.days, count),
    ).astype(np.int32)
    ends = (rng.random(count) < 0.10) & (released < 0)
    discontinued = np.where(ends, rng.integers(0, config.days, count), NEVER).astype(np.int32)
    # At least one item stays on offer throughout, so that every list has something to show.
    released[0], discontinued[0] = -1, NEVER
    created = config.start_second + released.astype(np.int64) * SECONDS_PER_DAY
    qualities = rng.gumbel(0.0, 0.5, count)
    return Catalogue(
        categories=categories,
        directions=unit(centres[categories] + noise),
        qualities=qualities,
        prices_eur=np.round(np.exp(rng.normal(3.2, 0.8, count)), 2),
        released_days=released,
        discontinued_days=discontinued,
        created_seconds=created - rng.integers(0, SECONDS_PER_DAY // 2, count),
        half_lives=rng.uniform(120.0, 720.0, count),
        complements=_complements(categories, qualities, rng),
        centres=centres,
    )


def _complements(
    categories: np.ndarray, qualities: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Partners of each item, of the next category: good items are partners more often."""
    category_count = int(categories.max()) + 1
    partners = np.empty((categories.size, COMPLEMENTS), dtype=np.int32)
    for category in range(category_count):
        members = np.flatnonzero(categories == category)
        others = np.flatnonzero(categories == (category + 1) % category_count)
        running = np.cumsum(np.exp(qualities[others]))
        targets = rng.random((members.size, COMPLEMENTS)) * running[-1]
        places = np.searchsorted(running, targets, side="right")
        partners[members] = others[np.minimum(places, others.size - 1)]
    return partners
