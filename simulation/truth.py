"""The planted truth as Arrow tables, for tests; no model may read it."""

import numpy as np
import pyarrow as pa

from simulation.catalogue import NEVER
from simulation.config import DEFECTS, SECONDS_PER_DAY
from simulation.day import Block, DayLog
from simulation.dirt import OFFSET_TIME, ZULU_TIME, Deliveries
from simulation.preferences import tastes_at
from simulation.tables import Names, event_ids, impressions_table
from simulation.texts import is_nan_text
from simulation.world import World


def find_dirt(world: World, log: DayLog, deliveries: Deliveries) -> dict[str, np.ndarray]:
    """Tell which deliveries are dirty, and why.

    Parameters
    ----------
    world : World
    log : DayLog
    deliveries : Deliveries
        Of ``log.events``.

    Returns
    -------
    dict of str to ndarray of bool
        One mask over the deliveries for each reason: those of `DEFECTS`,
        ``missing_value``, ``odd_spelling``, ``zulu_time``, ``offset_time``
        and ``bot``. A value written as NaN is missing, not impossible: it is
        what a writer that knows no null puts down.
    """
    reasons = {name: deliveries.defects == code for code, name in enumerate(DEFECTS)}
    is_nan = is_nan_text(deliveries)
    # A type that is missing or unknown has no spelling, a broken time no zone.
    spelled = ~(reasons["missing_type"] | reasons["unknown_type"])
    timed = ~reasons["unparsable_time"]
    return reasons | {
        "impossible_value": reasons["impossible_value"] & ~is_nan,
        "missing_value": is_nan,
        "odd_spelling": (deliveries.spellings > 0) & spelled,
        "zulu_time": (deliveries.zones == ZULU_TIME) & timed,
        "offset_time": (deliveries.zones >= OFFSET_TIME) & timed,
        "bot": world.users.are_bots[log.events.users[deliveries.rows]],
    }


def dirty_rows_table(world: World, log: DayLog, deliveries: Deliveries) -> pa.Table:
    """Name the dirty rows and why they are.

    Parameters
    ----------
    world : World
    log : DayLog
    deliveries : Deliveries
        Of ``log.events``.

    Returns
    -------
    Table
        ``event_id``, ``delivery`` (1, or 2 for a repetition) and ``reason``
        as in `find_dirt`; a row with several reasons stands there as often.
    """
    ids = event_ids(log, deliveries)
    parts = [
        pa.table(
            {
                "event_id": ids.filter(pa.array(mask)),
                "delivery": pa.array(deliveries.deliveries[mask]),
                "reason": pa.repeat(reason, int(mask.sum())),
            }
        )
        for reason, mask in find_dirt(world, log, deliveries).items()
    ]
    return pa.concat_tables(parts)


def relevances_table(names: Names, log: DayLog) -> pa.Table:
    """Write how much each shown item was wanted.

    Parameters
    ----------
    names : Names
    log : DayLog

    Returns
    -------
    Table
        ``request_id``, ``item_id`` and ``relevance`` in (0, 1): the
        probability that the user wanted the item when it was shown, before
        position and habit.
    """
    shown = impressions_table(names, log).select(["request_id", "item_id"])
    return shown.append_column("relevance", pa.array(log.impressions.relevances))


def tastes_table(world: World, names: Names, block: Block, day: int) -> pa.Table:
    """Write what a block of users likes on a day.

    Parameters
    ----------
    world : World
    names : Names
    block : Block
    day : int

    Returns
    -------
    Table
        ``user_id``, ``taste_at`` (00:00 UTC of the day), ``taste`` (unit
        vector), ``satisfaction`` after the day and ``is_bot``.
    """
    users = np.arange(block.start, block.stop)
    tastes = tastes_at(world, users, day)
    moment = np.datetime64(world.config.start_second + day * SECONDS_PER_DAY, "s")
    return pa.table(
        {
            "user_id": names.users.take(pa.array(users)),
            "taste_at": pa.array(np.full(users.size, moment)).cast(pa.timestamp("us")),
            "taste": pa.FixedSizeListArray.from_arrays(pa.array(tastes.ravel()), tastes.shape[1]),
            "satisfaction": pa.array(block.memories.satisfactions),
            "is_bot": pa.array(world.users.are_bots[users]),
        }
    )


def items_truth_table(world: World, names: Names) -> pa.Table:
    """Write what makes an item wanted.

    Parameters
    ----------
    world : World
    names : Names

    Returns
    -------
    Table
        ``item_id``, ``direction`` (unit vector), ``quality``,
        ``half_life_days``, ``released_day`` and ``discontinued_day`` (of the
        log, null when never) and ``complement_ids``.
    """
    catalogue = world.catalogue
    ended = catalogue.discontinued_days
    complements = names.items.take(pa.array(catalogue.complements.ravel()))
    return pa.table(
        {
            "item_id": names.items,
            "direction": pa.FixedSizeListArray.from_arrays(
                pa.array(catalogue.directions.ravel()), catalogue.directions.shape[1]
            ),
            "quality": pa.array(catalogue.qualities),
            "half_life_days": pa.array(catalogue.half_lives),
            "released_day": pa.array(catalogue.released_days),
            "discontinued_day": pa.array(ended, mask=ended == NEVER),
            "complement_ids": pa.FixedSizeListArray.from_arrays(
                complements, catalogue.complements.shape[1]
            ),
        }
    )
