"""A shop with its users and items: everything that is fixed before the first day."""

from dataclasses import dataclass

import numpy as np

from simulation.catalogue import DIMENSIONS, Catalogue, build_catalogue, unit
from simulation.config import SECONDS_PER_DAY, WorldConfig
from simulation.randomness import Purpose, generator

COUNTRIES = ("DE", "FR", "NL", "GB", "ES", "SE")
COUNTRY_SHARES = (0.34, 0.22, 0.16, 0.14, 0.09, 0.05)
AGE_BANDS = ("18-29", "30-44", "45-59", "60+")
AGE_SHARES = (0.27, 0.36, 0.24, 0.13)
DEVICES = ("mobile", "desktop", "tablet")


@dataclass(frozen=True)
class Users:
    """The shop's users; every array has one row per user, index = user number.

    Attributes
    ----------
    first_tastes, last_tastes : ndarray of shape (n_users, DIMENSIONS), float32
        Directions between which the taste turns.
    turns : ndarray of float64
        Radians a day from the first towards the last taste.
    activities : ndarray of float64
        Chance of a visit on a day to a user of middling satisfaction.
    signed_up_seconds : ndarray of int64
        Unix seconds; no visit before.
    signed_up_days : ndarray of int32
        The same as a day of the log; negative before the first.
    countries, age_bands, devices : ndarray of int8
        Index into `COUNTRIES`, `AGE_BANDS`, `DEVICES` (the usual device).
    are_bots : ndarray of bool
    """

    first_tastes: np.ndarray
    last_tastes: np.ndarray
    turns: np.ndarray
    activities: np.ndarray
    signed_up_seconds: np.ndarray
    signed_up_days: np.ndarray
    countries: np.ndarray
    age_bands: np.ndarray
    devices: np.ndarray
    are_bots: np.ndarray


@dataclass(frozen=True)
class World:
    """A configuration with the users and the catalogue made from it."""

    config: WorldConfig
    users: Users
    catalogue: Catalogue


def build_world(config: WorldConfig) -> World:
    """Invent a shop.

    Parameters
    ----------
    config : WorldConfig
        Equal configurations give equal worlds.

    Returns
    -------
    World
    """
    catalogue = build_catalogue(config)
    return World(config, _build_users(config, catalogue), catalogue)


def _build_users(config: WorldConfig, catalogue: Catalogue) -> Users:
    """Draw users: where they live, when they came, what they like."""
    rng = generator(config.seed, Purpose.USERS)
    count = config.users
    countries = rng.choice(len(COUNTRIES), count, p=COUNTRY_SHARES)
    age_bands = rng.choice(len(AGE_BANDS), count, p=AGE_SHARES)
    leanings = 0.35 * unit(rng.standard_normal((len(COUNTRIES), DIMENSIONS)))[countries]
    leanings += 0.20 * unit(rng.standard_normal((len(AGE_BANDS), DIMENSIONS)))[age_bands]
    first_day = np.where(
        rng.random(count) < 0.6,
        -rng.integers(1, 365, count),
        rng.integers(0, config.days, count),
    ).astype(np.int32)
    seconds = first_day.astype(np.int64) * SECONDS_PER_DAY + rng.integers(
        6 * 3600, 20 * 3600, count
    )
    # Most turn a little over a quarter of a year, some turn away altogether.
    turned = np.where(rng.random(count) < 0.15, np.pi / 2, rng.uniform(0.0, 0.6, count))
    bot_count = round(config.dirt.bot_users * count)
    are_bots = np.zeros(count, dtype=bool)
    are_bots[rng.choice(count, bot_count, replace=False)] = True
    return Users(
        first_tastes=_draw_tastes(leanings, catalogue.centres, rng),
        last_tastes=_draw_tastes(leanings, catalogue.centres, rng),
        turns=turned / 120.0,
        activities=np.minimum(0.08 * np.exp(rng.normal(0.0, 0.8, count)), 0.6),
        signed_up_seconds=config.start_second + seconds,
        signed_up_days=first_day,
        countries=countries.astype(np.int8),
        age_bands=age_bands.astype(np.int8),
        devices=rng.choice(len(DEVICES), count, p=(0.6, 0.3, 0.1)).astype(np.int8),
        are_bots=are_bots,
    )


def _draw_tastes(leanings: np.ndarray, centres: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Directions near one or two categories, with some of the user's own and the country's."""
    count = leanings.shape[0]
    favourites = rng.integers(0, centres.shape[0], (count, 2))
    second = rng.uniform(0.2, 0.9, (count, 1))
    own = rng.standard_normal((count, DIMENSIONS)) * (0.45 / np.sqrt(DIMENSIONS))
    tastes = centres[favourites[:, 0]] + second * centres[favourites[:, 1]] + own + leanings
    return unit(tastes).astype(np.float32)
