"""The log as Arrow tables: ids, spellings and times as text."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation.catalogue import CATEGORIES
from simulation.config import SECONDS_PER_DAY
from simulation.day import DayLog
from simulation.dirt import Deliveries
from simulation.records import NO_REQUEST, SURFACES
from simulation.texts import (
    close_id_texts,
    id_texts,
    take_texts,
    time_texts,
    type_codes,
    type_texts,
    value_texts,
    with_defect,
)
from simulation.world import AGE_BANDS, COUNTRIES, DEVICES, World

TIMESTAMP = pa.timestamp("us")


@dataclass(frozen=True)
class Names:
    """Ids by number: ``u00042``, ``i0007``.

    Attributes
    ----------
    users, items : StringArray
    """

    users: pa.StringArray
    items: pa.StringArray


def name_world(world: World) -> Names:
    """Make the ids of all users and items.

    Parameters
    ----------
    world : World

    Returns
    -------
    Names
    """
    return Names(
        pa.array([f"u{number:05d}" for number in range(world.config.users)]),
        pa.array([f"i{number:04d}" for number in range(world.config.items)]),
    )


def events_table(names: Names, log: DayLog, deliveries: Deliveries) -> pa.Table:
    """Write delivered events as the raw columns.

    Parameters
    ----------
    names : Names
    log : DayLog
    deliveries : Deliveries
        Of ``log.events``.

    Returns
    -------
    Table
        One row per delivery; texts are as dirty as the deliveries say.
    """
    events, rows, defects = log.events, deliveries.rows, deliveries.defects
    types = with_defect(defects, "missing_type")
    return pa.table(
        {
            "event_id": event_ids(log, deliveries),
            "user_id": take_texts(
                names.users, events.users[rows], with_defect(defects, "missing_user")
            ),
            "item_id": take_texts(
                names.items, events.items[rows], with_defect(defects, "missing_item")
            ),
            "event_type": take_texts(type_texts(), type_codes(events, deliveries), types),
            "occurred_at": time_texts(deliveries),
            "loaded_at": _moments(deliveries.loaded_seconds),
            "value": value_texts(events, deliveries),
            "session_id": close_id_texts("s", events.sessions[rows]),
            "anonymous_id": id_texts("a", events.anonymous[rows], events.anonymous[rows] < 0),
            "surface": take_texts(pa.array(SURFACES), events.surfaces[rows]),
            "device": take_texts(pa.array(DEVICES), events.devices[rows]),
            "request_id": close_id_texts(
                "r", events.requests[rows], events.requests[rows] == NO_REQUEST
            ),
        }
    )


def event_ids(log: DayLog, deliveries: Deliveries) -> pa.StringArray:
    """Ids of delivered events, unique in the log but for repetitions.

    Parameters
    ----------
    log : DayLog
    deliveries : Deliveries

    Returns
    -------
    StringArray
    """
    return id_texts("e", log.first_event + deliveries.rows)


def impressions_table(names: Names, log: DayLog) -> pa.Table:
    """Write what was shown.

    Parameters
    ----------
    names : Names
    log : DayLog

    Returns
    -------
    Table
        One row per item on a list.
    """
    shown = log.impressions
    return pa.table(
        {
            "request_id": close_id_texts("r", shown.requests),
            "user_id": take_texts(names.users, shown.users),
            "item_id": take_texts(names.items, shown.items),
            "rank": pa.array(shown.ranks),
            "surface": take_texts(pa.array(SURFACES), shown.surfaces),
            "shown_at": _moments(shown.seconds),
            "propensity": pa.array(shown.propensities.astype(np.float32)),
            "policy": pa.array([shown.policy]).take(pa.array(np.zeros(shown.users.size, np.int8))),
        }
    )


def items_table(world: World, names: Names, day: int | None = None) -> pa.Table:
    """Write the catalogue as it stands at the end of the log, or before one of its days.

    Parameters
    ----------
    world : World
    names : Names
    day : int, optional
        At whose midnight; items that are not entered yet are left out.

    Returns
    -------
    Table
        One row per item.
    """
    catalogue = world.catalogue
    last = world.config.days if day is None else day
    table = pa.table(
        {
            "item_id": names.items,
            "title": pa.array(catalogue.titles()),
            "category": take_texts(pa.array(CATEGORIES), catalogue.categories),
            "price_eur": pa.array(catalogue.prices_eur),
            "created_at": _moments(catalogue.created_seconds),
            "available": pa.array(catalogue.discontinued_days >= last),
        }
    )
    return table if day is None else _before(world, day, table, catalogue.created_seconds)


def users_table(world: World, names: Names, day: int | None = None) -> pa.Table:
    """Write the users, bots among them.

    Parameters
    ----------
    world : World
    names : Names
    day : int, optional
        At whose midnight; users who have not signed up yet are left out.

    Returns
    -------
    Table
        One row per user.
    """
    users = world.users
    table = pa.table(
        {
            "user_id": names.users,
            "signed_up_at": _moments(users.signed_up_seconds),
            "country": take_texts(pa.array(COUNTRIES), users.countries),
            "age_band": take_texts(pa.array(AGE_BANDS), users.age_bands),
        }
    )
    return table if day is None else _before(world, day, table, users.signed_up_seconds)


def _before(world: World, day: int, table: pa.Table, seconds: np.ndarray) -> pa.Table:
    """Keep the rows that came before the midnight of a day."""
    return table.filter(pa.array(seconds < world.config.start_second + day * SECONDS_PER_DAY))


def _moments(seconds: np.ndarray) -> pa.Array:
    """Unix seconds as timestamps without a zone."""
    return pa.array(seconds.astype("datetime64[s]")).cast(TIMESTAMP)
