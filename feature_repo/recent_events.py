"""What users did lately: one row per user in the online store, in Feast's own formats.

Importing Feast takes ten seconds, which an application that must come back at once does not have.
So these stores read and write what Feast's stores do, byte by byte, without it; a test holds the
two together.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from types import NoneType
from typing import Any, Protocol

import orjson

LOG = logging.getLogger("topshelf.recent")
VIEW = "user_recent_events"
FEATURE = "events"
KEY = "user_id"
# Where they lie without a server: beside the file of the other features.
FILE = "recent.db"
# Newest events of a user that are kept until a release knows them.
KEPT = 200
# Seconds since 1970 of the years 1 to 9999: what every place that keeps a moment can hold.
FIRST_SECOND, END_SECOND = -62_135_596_800, 253_402_300_800
# One of many users whose events cannot be read is told of, once in so many seconds.
TOLD_SECONDS = 60.0


@dataclass(frozen=True)
class RecentEvent:
    """One thing that a user did.

    Attributes
    ----------
    occurred_at : float
        Seconds since 1970, when it happened.
    landed_at : float
        Seconds since 1970, when it became known.
    event_id : str
        The same event may come twice, with the same id.
    item_id : str
        With what it was done.
    event_type : str
        In lower case.
    value : float, optional
        Rating, quantity or seconds.
    """

    occurred_at: float
    landed_at: float
    event_id: str
    item_id: str
    event_type: str
    value: float | None = None


_NAMES = tuple(column.name for column in fields(RecentEvent))
# `astuple` copies every value, which takes most of the time of writing a batch.
_values = attrgetter(*_NAMES)
_NUMBER: frozenset[type] = frozenset({float, int})
_TEXT: frozenset[type] = frozenset({str})
# Of each field, in the order above; JSON knows no others.
_KINDS = (_NUMBER, _NUMBER, _TEXT, _TEXT, _TEXT, _NUMBER | {NoneType})


class UnreadableEventsError(ValueError):
    """What is stored of a user are no events that this version knows; others are not concerned."""


class RecentEvents(Protocol):
    """A store of recent events that all processes share. Errors of the store are `OSError`."""

    def add(self, events: Mapping[str, Sequence[RecentEvent]]) -> None:
        """Add events by user; one that is known already changes nothing.

        What is stored of them and cannot be read is replaced: the landing log has it still.
        """

    def read(self, user_id: str) -> list[RecentEvent]:
        """Return the events of a user, oldest first; none for a stranger.

        Raises
        ------
        UnreadableEventsError
            If what is stored of this user cannot be read.
        """

    def read_at_once(self, user_id: str) -> list[RecentEvent] | None:
        """Return what `read` does if nothing has to be waited for, else None.

        For who must not wait: it takes less time than handing `read` to another thread.
        """

    def close(self) -> None:
        """Let go of files and connections."""


def merged(known: Iterable[RecentEvent], added: Iterable[RecentEvent]) -> list[RecentEvent]:
    """Put events together, oldest first: each id once, the copy that was known first, 200 of all.

    Parameters
    ----------
    known, added : iterable of RecentEvent
        What is stored, and what comes to it.
    """
    by_id: dict[str, RecentEvent] = {}
    for event in sorted([*known, *added], key=_as_known):
        by_id.setdefault(event.event_id, event)
    return sorted(by_id.values(), key=as_happened)[-KEPT:]


def _as_known(event: RecentEvent) -> tuple[object, ...]:
    # Copies may differ in their value alone, and one without a value cannot be compared by it.
    value = (event.value is not None, event.value or 0.0)
    return (
        event.landed_at,
        event.occurred_at,
        event.event_id,
        event.item_id,
        event.event_type,
        value,
    )


def as_happened(event: RecentEvent) -> tuple[float, float, str]:
    """Return what events of different ids are put in order by."""
    return event.occurred_at, event.landed_at, event.event_id


def encoded(events: Iterable[RecentEvent]) -> str:
    """Write events down as the text that the feature holds."""
    return orjson.dumps([_values(event) for event in events]).decode()


def decoded(text: str | bytes) -> list[RecentEvent]:
    """Read the text of the feature.

    Raises
    ------
    UnreadableEventsError
        If it was not written by `encoded`, or by that of a version with other fields.
    """
    try:
        rows = orjson.loads(text)
        if rows:
            _check([*zip(*rows, strict=True)])
        return [RecentEvent(*row) for row in rows]
    except (TypeError, ValueError) as error:
        msg = f"the feature {VIEW}:{FEATURE} holds no events: {error}"
        raise UnreadableEventsError(msg) from error


def _check(columns: Sequence[Sequence[Any]]) -> None:
    """Raise a ValueError if fields cannot be those of events; by column, which is fastest."""
    if len(columns) != len(_NAMES):
        raise ValueError(f"there are {len(columns)} fields, not {len(_NAMES)}")
    for name, column, kinds in zip(_NAMES, columns, _KINDS, strict=True):
        others = {*map(type, column)} - kinds
        if others:
            raise ValueError(f"{name} is {', '.join(sorted(kind.__name__ for kind in others))}")
    for moments in columns[:2]:
        if min(moments) < FIRST_SECOND or max(moments) >= END_SECOND:
            raise ValueError(f"a moment is none of the years 1 to 9999: {max(moments, key=abs)}")


class EventsReader:
    """Reads what is stored of users, and tells now and then of what cannot be read.

    Parameters
    ----------
    decode : callable
        Makes events of what a store holds, as `decoded` does.
    """

    def __init__(self, decode: Callable[[bytes], list[RecentEvent]]) -> None:
        self._decode, self._quiet_until = decode, 0.0

    def read(self, user_id: str, stored: bytes | None) -> list[RecentEvent]:
        """Return the events of a user; none if nothing is stored.

        Raises
        ------
        UnreadableEventsError
            If what is stored cannot be read.
        """
        try:
            return self._decode(stored) if stored else []
        except UnreadableEventsError as error:
            self._tell(user_id, error)
            raise

    def read_to_replace(self, user_id: str, stored: bytes | None) -> list[RecentEvent]:
        """Return the events of a user; none if what is stored cannot be read."""
        try:
            return self.read(user_id, stored)
        except UnreadableEventsError:
            return []

    def _tell(self, user_id: str, error: UnreadableEventsError) -> None:
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + TOLD_SECONDS
        LOG.warning(
            "the recent events of %r, and perhaps of others, count as none until the next event "
            "replaces them: %s",
            user_id,
            error,
        )
