"""Users that are programs: hundreds of short views on a day."""

import numpy as np

from simulation import records
from simulation.config import SECONDS_PER_DAY
from simulation.preferences import Shelf
from simulation.records import Events
from simulation.world import DEVICES, World


def bot_events(
    world: World,
    shelf: Shelf,
    users: np.ndarray,
    first_session: int,
    rng: np.random.Generator,
) -> Events:
    """Let the bots among some users read the catalogue.

    Parameters
    ----------
    world : World
        The rates are in its configuration.
    shelf : Shelf
        Of the day.
    users : ndarray of shape (n,), int
        User numbers.
    first_session : int
        Session number of the first bot; each has one session.
    rng : Generator

    Returns
    -------
    Events
        Views of items drawn evenly, 2 to 30 seconds apart, before midnight.
    """
    dirt = world.config.dirt
    bots = users[world.users.are_bots[users]]
    runs = rng.random(bots.size) < dirt.bot_active_days
    runs &= world.users.signed_up_days[bots] < shelf.day
    active = bots[runs]
    fewest, most = dirt.bot_views
    counts = rng.integers(fewest, most + 1, active.size)
    owner = np.repeat(np.arange(active.size), counts)
    total = owner.size
    gaps = rng.integers(2, 31, total)
    waited = np.cumsum(gaps)
    before = np.concatenate([[0], waited])[np.cumsum(counts) - counts]
    start = rng.integers(0, SECONDS_PER_DAY // 2, active.size)
    midnight = world.config.start_second + shelf.day * SECONDS_PER_DAY
    return Events(
        users=active[owner],
        items=shelf.items[rng.integers(0, shelf.items.size, total)],
        types=np.full(total, records.VIEW, dtype=np.int8),
        seconds=midnight + start[owner] + waited - before[owner],
        values=np.round(rng.uniform(0.1, 2.0, total), 1),
        sessions=first_session + owner,
        requests=np.full(total, records.NO_REQUEST, dtype=np.int64),
        surfaces=np.full(total, records.SEARCH, dtype=np.int8),
        devices=np.full(total, DEVICES.index("desktop"), dtype=np.int8),
        anonymous=np.full(total, -1, dtype=np.int64),
    )
