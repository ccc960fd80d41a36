"""A day of the users: each session gets its list from the application, and sends what follows."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from demo.application import Clock, OpenApplication
from simulation.day import DayLog
from simulation.policies import ListRequest, Lists
from simulation.records import EVENT_TYPES, NO_REQUEST, SURFACES, Events
from simulation.visits import Sessions
from simulation.world import DEVICES

# As many as the application takes in one request.
EVENTS_PER_REQUEST = 500


class Visitors:
    """A policy of the simulation that shows what the application answers.

    Parameters
    ----------
    application : OpenApplication
    clock : Clock
        Of the application.

    Attributes
    ----------
    arms : dict of int to str
        By user, what the application said last: the alias, and the arm as `experiment:arm`.
    """

    def __init__(self, application: OpenApplication, clock: Clock) -> None:
        self.arms: dict[int, str] = {}
        self._application, self._clock = application, clock
        self._requests: dict[int, str] = {}

    def __call__(self, request: ListRequest) -> Lists:
        """Ask for the list of each session, at the moment at which it begins."""
        sessions = sessions_of(request)
        items = np.full((sessions.users.size, request.length), -1, dtype=np.int32)
        propensities = np.ones(items.shape)
        self._requests = {}
        for row in np.argsort(sessions.seconds, kind="stable").tolist():
            # The simulation has a list looked at from a second after the session began.
            self._clock.second = int(sessions.seconds[row]) + 1
            answer = self._application.get(
                f"/v1/recommendations/{user_id(int(sessions.users[row]))}",
                surface=SURFACES[sessions.surfaces[row]],
                n=request.length,
            )
            shown = answer["items"]
            items[row, : len(shown)] = [item_number(item["item_id"]) for item in shown]
            self._requests[int(sessions.numbers[row])] = answer["meta"]["request_id"]
            self.arms[int(sessions.users[row])] = answer["meta"]["variant"]
        return Lists(items, propensities, "topshelf")

    def send(self, log: DayLog) -> int:
        """Send the events of a day, a session after the other; return how many."""
        for second, rows in by_session(log.events):
            self._clock.second = second
            sent = [self._event(log, row) for row in rows]
            for first in range(0, len(sent), EVENTS_PER_REQUEST):
                self._application.post("/v1/events", sent[first : first + EVENTS_PER_REQUEST])
        return log.events.size

    def _event(self, log: DayLog, row: int) -> dict[str, Any]:
        events = log.events
        request, browser = int(events.requests[row]), int(events.anonymous[row])
        value = float(events.values[row])
        event = {
            "event_id": event_id(log, row),
            "user_id": user_id(int(events.users[row])),
            "item_id": item_id(int(events.items[row])),
            "event_type": EVENT_TYPES[events.types[row]],
            "occurred_at": f"{np.datetime64(int(events.seconds[row]), 's')}Z",
            "value": None if np.isnan(value) else value,
            "session_id": f"s{events.sessions[row]}",
            "anonymous_id": f"a{browser}" if browser >= 0 else None,
            "request_id": self._requests.get(request) if request != NO_REQUEST else None,
            "surface": SURFACES[events.surfaces[row]],
            "device": DEVICES[events.devices[row]],
        }
        return {name: told for name, told in event.items() if told is not None}


def by_session(events: Events) -> Iterator[tuple[int, list[int]]]:
    """Yield the last second and the rows of each session, in the order in which they end."""
    rows: dict[int, list[int]] = {}
    for row, session in enumerate(events.sessions.tolist()):
        rows.setdefault(session, []).append(row)
    ended = sorted((int(events.seconds[own].max()), session) for session, own in rows.items())
    for second, session in ended:
        yield second, rows[session]


def sessions_of(request: ListRequest) -> Sessions:
    """Return the sessions that want lists."""
    if request.sessions is None:
        raise ValueError("a list from the application needs the session that it is for")
    return request.sessions


def event_id(log: DayLog, row: int) -> str:
    """Return the id of an event of a day."""
    return f"e{log.first_event + row}"


def user_id(number: int) -> str:
    """Return the id of a user, as the log has it."""
    return f"u{number:05d}"


def item_id(number: int) -> str:
    """Return the id of an item, as the log has it."""
    return f"i{number:04d}"


def item_number(name: str) -> int:
    """Return the number of an item from its id."""
    return int(name[1:])
