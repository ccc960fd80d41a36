"""The same users with one arm for all of them: lists as the application makes them, unlogged."""

from datetime import UTC, datetime

import numpy as np

from demo.visitors import (
    by_session,
    event_id,
    item_id,
    item_number,
    sessions_of,
    user_id,
)
from feature_repo.recent_events import RecentEvent, merged
from serving.bundle import Bundle
from serving.ladder import Wish, listed
from simulation.day import DayLog
from simulation.policies import ListRequest, Lists
from simulation.records import EVENT_TYPES


class ReplayedVisitors:
    """A policy that answers from a release and the events since, in memory.

    Parameters
    ----------
    policy : str
        Of `serving.experiments.POLICIES`, for all users.
    """

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._recent: dict[str, list[RecentEvent]] = {}
        self.bundle: Bundle | None = None

    def __call__(self, request: ListRequest) -> Lists:
        """Make the list of each session."""
        if self.bundle is None:
            raise ValueError("without a release there are no lists: set `bundle`")
        sessions = sessions_of(request)
        items = np.full((sessions.users.size, request.length), -1, dtype=np.int32)
        for row, number in enumerate(sessions.users.tolist()):
            user = user_id(number)
            now = datetime.fromtimestamp(int(sessions.seconds[row]) + 1, tz=UTC)
            wish = Wish(user, request.length, policy=self._policy)
            found = listed(self.bundle, wish, self._recent.get(user, ()), now)
            shown = [
                item_number(self.bundle.item_ids[entry.item])
                for entry in found.entries[: request.length]
            ]
            items[row, : len(shown)] = shown
        return Lists(items, np.ones(items.shape), self._policy)

    def remember(self, log: DayLog) -> None:
        """Take the events of a day, as the store of recent events does."""
        events = log.events
        for landed_at, rows in by_session(events):
            user = user_id(int(events.users[rows[0]]))
            added = [
                RecentEvent(
                    occurred_at=float(events.seconds[row]),
                    landed_at=float(landed_at),
                    event_id=event_id(log, row),
                    item_id=item_id(int(events.items[row])),
                    event_type=EVENT_TYPES[events.types[row]],
                    value=None if np.isnan(events.values[row]) else float(events.values[row]),
                )
                for row in rows
            ]
            self._recent[user] = merged(self._recent.get(user, ()), added)
