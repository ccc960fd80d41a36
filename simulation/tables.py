"""The log as Arrow tables: ids, spellings and times as text."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.catalogue import CATEGORIES
from simulation.config import DEFECTS, SECONDS_PER_DAY
from simulation.day import DayLog
from simulation.dirt import OFFSET_SECONDS, Deliveries
from simulation.records import EVENT_TYPES, NO_REQUEST, SURFACES, Events
from simulation.world import AGE_BANDS, COUNTRIES, DEVICES, World

TIMESTAMP = pa.timestamp("us")
UNKNOWN_TYPES = ("scroll", "hover", "wishlist_v2", "undefined")
UNPARSABLE_TIMES = ("n/a", "2026-13-45 25:61:00", "yesterday", "31.02.2026", "")
IMPOSSIBLE_VALUES = ("-1", "-37.5", "inf", "-inf", "NaN", "abc")
ZONE_SUFFIXES = ("", "Z", "+02:00", "-05:00", "+05:30")


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
    types = _with_defect(defects, "missing_type")
    return pa.table(
        {
            "event_id": event_ids(log, deliveries),
            "user_id": _take(
                names.users, events.users[rows], _with_defect(defects, "missing_user")
            ),
            "item_id": _take(
                names.items, events.items[rows], _with_defect(defects, "missing_item")
            ),
            "event_type": _take(_type_texts(), _type_codes(events, deliveries), types),
            "occurred_at": _time_texts(deliveries),
            "loaded_at": _moments(deliveries.loaded_seconds),
            "value": _value_texts(events, deliveries),
            "session_id": _close_ids("s", events.sessions[rows]),
            "anonymous_id": _ids("a", events.anonymous[rows], events.anonymous[rows] < 0),
            "surface": _take(pa.array(SURFACES), events.surfaces[rows]),
            "device": _take(pa.array(DEVICES), events.devices[rows]),
            "request_id": _close_ids(
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
    return _ids("e", log.first_event + deliveries.rows)


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
            "request_id": _close_ids("r", shown.requests),
            "user_id": _take(names.users, shown.users),
            "item_id": _take(names.items, shown.items),
            "rank": pa.array(shown.ranks),
            "surface": _take(pa.array(SURFACES), shown.surfaces),
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
            "category": _take(pa.array(CATEGORIES), catalogue.categories),
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
            "country": _take(pa.array(COUNTRIES), users.countries),
            "age_band": _take(pa.array(AGE_BANDS), users.age_bands),
        }
    )
    return table if day is None else _before(world, day, table, users.signed_up_seconds)


def _before(world: World, day: int, table: pa.Table, seconds: np.ndarray) -> pa.Table:
    """Keep the rows that came before the midnight of a day."""
    return table.filter(pa.array(seconds < world.config.start_second + day * SECONDS_PER_DAY))


def _with_defect(defects: np.ndarray, name: str) -> np.ndarray:
    """Mask of the rows with a defect."""
    return defects == DEFECTS.index(name)


def _moments(seconds: np.ndarray) -> pa.Array:
    """Unix seconds as timestamps without a zone."""
    return pa.array(seconds.astype("datetime64[s]")).cast(TIMESTAMP)


def _ids(prefix: str, numbers: np.ndarray, missing: np.ndarray | None = None) -> pa.StringArray:
    """Numbers as text behind a letter, null where missing."""
    texts = pa.array(numbers, mask=missing).cast(pa.string())
    return pc.binary_join_element_wise(prefix, texts, "")


def _close_ids(
    prefix: str, numbers: np.ndarray, missing: np.ndarray | None = None
) -> pa.StringArray:
    """Do as `_ids`, faster for numbers that repeat and lie close together."""
    present = numbers if missing is None else numbers[~missing]
    low, high = (present.min(), present.max() + 1) if present.size else (0, 0)
    return _take(_ids(prefix, np.arange(low, high)), numbers - low, missing)


def _take(texts: pa.Array, codes: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Texts by code, null where missing."""
    return texts.take(pa.array(codes, mask=missing))


def _type_texts() -> pa.StringArray:
    """All spellings of the types, type by type, then the unknown ones."""
    spelled = [
        text
        for name in EVENT_TYPES
        for text in (name, f" {name.capitalize()}", name.upper(), f"{name} ")
    ]
    return pa.array([*spelled, *UNKNOWN_TYPES])


def _type_codes(events: Events, deliveries: Deliveries) -> np.ndarray:
    """Index into the spellings of the types."""
    known = events.types[deliveries.rows] * 4 + deliveries.spellings
    unknown = 4 * len(EVENT_TYPES) + (deliveries.picks * len(UNKNOWN_TYPES)).astype(np.int64)
    return np.where(_with_defect(deliveries.defects, "unknown_type"), unknown, known)


def _time_texts(deliveries: Deliveries) -> pa.StringArray:
    """Moments in the zone they were sent from, or something that is none."""
    zones = deliveries.zones.astype(np.int64)
    shifts = np.array((0, 0, *OFFSET_SECONDS))[zones]
    local = (deliveries.occurred_seconds + shifts).astype("datetime64[s]")
    suffixes = _take(pa.array(ZONE_SUFFIXES), zones)
    texts = pc.binary_join_element_wise(pa.array(local).cast(pa.string()), suffixes, "")
    broken = _with_defect(deliveries.defects, "unparsable_time")
    picks = (deliveries.picks * len(UNPARSABLE_TIMES)).astype(np.int64)
    return pc.if_else(pa.array(broken), _take(pa.array(UNPARSABLE_TIMES), picks), texts)


def _value_texts(events: Events, deliveries: Deliveries) -> pa.StringArray:
    """Values as text, null where the type has none."""
    values = events.values[deliveries.rows]
    texts = pa.array(values, mask=np.isnan(values)).cast(pa.string())
    broken = _with_defect(deliveries.defects, "impossible_value")
    picks = (deliveries.picks * len(IMPOSSIBLE_VALUES)).astype(np.int64)
    return pc.if_else(pa.array(broken), _take(pa.array(IMPOSSIBLE_VALUES), picks), texts)
