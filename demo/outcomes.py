"""Who met the experiment when, and who was back on the seventh day: as the SQL counts it."""

from dataclasses import dataclass, field

import numpy as np

from demo.plan import WINDOW_DAYS
from simulation.config import SECONDS_PER_DAY
from simulation.day import DayLog

NEVER = -1


@dataclass
class Outcomes:
    """Outcomes of all users, filled in day by day.

    Parameters
    ----------
    count : int
        Users of the shop.

    Attributes
    ----------
    exposed_seconds : ndarray of int64
        Unix second of the first list, `NEVER` without one.
    returned : ndarray of bool
        Whether anything was done from 7 days after it on, and before 8 days after it.
    """

    count: int
    exposed_seconds: np.ndarray = field(init=False)
    returned: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Begin without anybody."""
        self.exposed_seconds = np.full(self.count, NEVER, dtype=np.int64)
        self.returned = np.zeros(self.count, dtype=bool)

    def add(self, log: DayLog) -> None:
        """Count a day; days come in their order."""
        shown = log.impressions
        users, seconds = shown.users, shown.seconds
        order = np.lexsort((seconds, users))
        first, places = np.unique(users[order], return_index=True)
        new = self.exposed_seconds[first] == NEVER
        self.exposed_seconds[first[new]] = seconds[order][places][new]
        known = self.exposed_seconds[log.events.users] != NEVER
        users, seconds = log.events.users[known], log.events.seconds[known]
        days = (seconds - self.exposed_seconds[users]) // SECONDS_PER_DAY
        self.returned[users[days == WINDOW_DAYS - 2]] = True

    def mature(self, end_second: int) -> np.ndarray:
        """Return which users' seventh day is known at a moment."""
        last = end_second - WINDOW_DAYS * SECONDS_PER_DAY
        return (self.exposed_seconds != NEVER) & (self.exposed_seconds <= last)
