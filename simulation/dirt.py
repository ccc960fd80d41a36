"""Damage on the way into the warehouse: what real logs suffer, at stated rates."""

from dataclasses import dataclass

import numpy as np

from simulation.config import DEFECTS, SECONDS_PER_DAY, DirtRates
from simulation.records import Events

NO_DEFECT = -1
SPELLINGS = 4
PLAIN_TIME, ZULU_TIME, OFFSET_TIME = range(3)
OFFSET_SECONDS = (2 * 3600, -5 * 3600, 5 * 3600 + 1800)


@dataclass(frozen=True)
class Deliveries:
    """Rows as they arrive; equally long arrays, by moment of loading.

    Attributes
    ----------
    rows : ndarray of int64
        The event delivered.
    deliveries : ndarray of int8
        1, or 2 for a repetition.
    defects : ndarray of int8
        Index into `DEFECTS`, `NO_DEFECT` for none.
    picks : ndarray of float64
        In [0, 1): chooses among the forms a defect takes.
    spellings : ndarray of int8
        In [0, SPELLINGS), 0 is the plain one.
    zones : ndarray of int8
        `PLAIN_TIME`, `ZULU_TIME`, or `OFFSET_TIME` plus the index of the offset.
    occurred_seconds, loaded_seconds : ndarray of int64
        Unix seconds to be written.
    """

    rows: np.ndarray
    deliveries: np.ndarray
    defects: np.ndarray
    picks: np.ndarray
    spellings: np.ndarray
    zones: np.ndarray
    occurred_seconds: np.ndarray
    loaded_seconds: np.ndarray


def deliver(
    events: Events, rates: DirtRates, end_second: int, rng: np.random.Generator
) -> Deliveries:
    """Load events with delays, damage and repetitions.

    Parameters
    ----------
    events : Events
    rates : DirtRates
    end_second : int
        End of the log: later moments are the future.
    rng : Generator

    Returns
    -------
    Deliveries
        Every event once, the repeated ones twice. A repetition equals the first
        delivery in all but the moment of loading. Clean rows are loaded 1 to
        300 seconds after the event.
    """
    count, seconds = events.size, events.seconds
    defects = _draw_defects(rates, events.values, rng.random(count))
    delays = 1 + np.minimum(rng.standard_exponential(count) * 20, 299).astype(np.int64)
    days = rng.integers(SECONDS_PER_DAY, 6 * SECONDS_PER_DAY, count)
    loaded = seconds + delays + np.where(defects == DEFECTS.index("late"), days, 0)
    ahead = end_second + rng.integers(1, 401, count) * SECONDS_PER_DAY + seconds % SECONDS_PER_DAY
    occurred = np.where(defects == DEFECTS.index("future_time"), ahead, seconds)
    picks, spelling, zone, offset = rng.random((4, count))
    spellings = np.where(
        spelling < rates.odd_spelling, 1 + (picks * (SPELLINGS - 1)).astype(np.int8), 0
    )
    offsets = OFFSET_TIME + (offset * len(OFFSET_SECONDS)).astype(np.int8)
    zones = np.select(
        [zone < rates.zulu_time, zone < rates.zulu_time + rates.offset_time],
        [np.full(count, ZULU_TIME), offsets],
        PLAIN_TIME,
    )
    again = np.flatnonzero(defects == DEFECTS.index("repeated"))
    later = loaded[again] + rng.integers(60, 2 * SECONDS_PER_DAY, again.size)
    rows = np.concatenate([np.arange(count), again])
    # The first delivery of a repeated event is a clean row.
    first = np.where(defects == DEFECTS.index("repeated"), NO_DEFECT, defects)
    loads = np.concatenate([loaded, later])
    order = np.argsort(loads, kind="stable")
    sources = rows[order]
    return Deliveries(
        rows=sources,
        deliveries=np.where(order < count, 1, 2).astype(np.int8),
        defects=np.concatenate([first, defects[again]])[order],
        picks=picks[sources],
        spellings=spellings[sources].astype(np.int8),
        zones=zones[sources].astype(np.int8),
        occurred_seconds=occurred[sources],
        loaded_seconds=loads[order],
    )


def _draw_defects(rates: DirtRates, values: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """One defect or none for each event; a value that is not there cannot be impossible."""
    limits = np.cumsum([getattr(rates, name) for name in DEFECTS])
    places = np.searchsorted(limits, uniforms, side="right")
    spared = np.isnan(values) & (places == DEFECTS.index("impossible_value"))
    return np.where((places < len(DEFECTS)) & ~spared, places, NO_DEFECT).astype(np.int8)
