"""Numbers of the log as Arrow texts, as clean or as dirty as their delivery."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.config import DEFECTS
from simulation.dirt import OFFSET_SECONDS, Deliveries
from simulation.records import EVENT_TYPES, Events

UNKNOWN_TYPES = ("scroll", "hover", "wishlist_v2", "undefined")
UNPARSABLE_TIMES = ("n/a", "2026-13-45 25:61:00", "yesterday", "31.02.2026", "")
NAN = "NaN"
IMPOSSIBLE_VALUES = ("-1", "-37.5", "inf", "-inf", NAN, "abc")
ZONE_SUFFIXES = ("", "Z", "+02:00", "-05:00", "+05:30")


def with_defect(defects: np.ndarray, name: str) -> np.ndarray:
    """Mark the rows with a defect."""
    return defects == DEFECTS.index(name)


def id_texts(prefix: str, numbers: np.ndarray, missing: np.ndarray | None = None) -> pa.StringArray:
    """Write numbers as text behind a letter, null where missing."""
    texts = pa.array(numbers, mask=missing).cast(pa.string())
    return pc.binary_join_element_wise(prefix, texts, "")


def close_id_texts(
    prefix: str, numbers: np.ndarray, missing: np.ndarray | None = None
) -> pa.StringArray:
    """Do as `id_texts`, faster for numbers that repeat and lie close together."""
    present = numbers if missing is None else numbers[~missing]
    low, high = (present.min(), present.max() + 1) if present.size else (0, 0)
    return take_texts(id_texts(prefix, np.arange(low, high)), numbers - low, missing)


def take_texts(texts: pa.Array, codes: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Look texts up by their code, null where missing."""
    return texts.take(pa.array(codes, mask=missing))


def type_texts() -> pa.StringArray:
    """Spell the types in every way, type by type, then the unknown ones."""
    spelled = [
        text
        for name in EVENT_TYPES
        for text in (name, f" {name.capitalize()}", name.upper(), f"{name} ")
    ]
    return pa.array([*spelled, *UNKNOWN_TYPES])


def type_codes(events: Events, deliveries: Deliveries) -> np.ndarray:
    """Say which of `type_texts` each delivery has."""
    known = events.types[deliveries.rows] * 4 + deliveries.spellings
    unknown = 4 * len(EVENT_TYPES) + (deliveries.picks * len(UNKNOWN_TYPES)).astype(np.int64)
    return np.where(with_defect(deliveries.defects, "unknown_type"), unknown, known)


def time_texts(deliveries: Deliveries) -> pa.StringArray:
    """Write moments in the zone they were sent from, or something that is none."""
    zones = deliveries.zones.astype(np.int64)
    shifts = np.array((0, 0, *OFFSET_SECONDS))[zones]
    local = (deliveries.occurred_seconds + shifts).astype("datetime64[s]")
    suffixes = take_texts(pa.array(ZONE_SUFFIXES), zones)
    texts = pc.binary_join_element_wise(pa.array(local).cast(pa.string()), suffixes, "")
    broken = with_defect(deliveries.defects, "unparsable_time")
    picks = (deliveries.picks * len(UNPARSABLE_TIMES)).astype(np.int64)
    return pc.if_else(pa.array(broken), take_texts(pa.array(UNPARSABLE_TIMES), picks), texts)


def value_texts(events: Events, deliveries: Deliveries) -> pa.StringArray:
    """Write values as text, null where the type has none."""
    values = events.values[deliveries.rows]
    texts = pa.array(values, mask=np.isnan(values)).cast(pa.string())
    broken = with_defect(deliveries.defects, "impossible_value")
    picks = _impossible_picks(deliveries)
    return pc.if_else(pa.array(broken), take_texts(pa.array(IMPOSSIBLE_VALUES), picks), texts)


def is_nan_text(deliveries: Deliveries) -> np.ndarray:
    """Mark the rows whose value is written as `NAN`."""
    broken = with_defect(deliveries.defects, "impossible_value")
    return broken & (_impossible_picks(deliveries) == IMPOSSIBLE_VALUES.index(NAN))


def _impossible_picks(deliveries: Deliveries) -> np.ndarray:
    """Choose among `IMPOSSIBLE_VALUES` for each row."""
    return (deliveries.picks * len(IMPOSSIBLE_VALUES)).astype(np.int64)
