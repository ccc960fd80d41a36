"""Independent streams of random numbers, one for each purpose, day and block of users."""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What random numbers are drawn for; a new purpose disturbs no other."""

    ITEMS = 1
    USERS = 2
    VISITS = 3
    LISTS = 4
    ANSWERS = 5
    BOTS = 6
    DIRT = 7


def generator(seed: int, purpose: Purpose, *key: int) -> np.random.Generator:
    """Make the generator of one purpose.

    Parameters
    ----------
    seed : int
        Of the whole simulation, >= 0.
    purpose : Purpose
        Streams of different purposes are independent.
    *key : int
        Day and block of users, where there are such.

    Returns
    -------
    Generator
        PCG64, named here so that another default of numpy changes no log.
    """
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(purpose), *key)))
    )
