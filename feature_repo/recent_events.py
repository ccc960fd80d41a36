"""What users did lately: one row per user in the online store, in Feast's own formats.

Importing Feast takes ten seconds, which an application that must come back at once does not have.
So these stores read and write what Feast's stores do, byte by byte, without it; a test holds the
two together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Protocol

import orjson

VIEW = "user_recent_events"
FEATURE = "events"
KEY = "user_id"
# Where they lie without a server: beside the file of the other features.
FILE = "recent.db"
# Newest events of a user that are kept until a release knows them.
KEPT = 200


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


# `astuple` copies every value, which takes most of the time of writing a batch.
_values = attrgetter(*(column.name for column in fields(RecentEvent)))


class RecentEvents(Protocol):
    """A store of recent events that all processes share. Errors are `OSError`."""

    def add(self, events: Mapping[str, Sequence[RecentEvent]]) -> None:
        """Add events by user; one that is known already changes nothing."""

    def read(self, user_id: str) -> list[RecentEvent]:
        """Return the events of a user, oldest first; none for a stranger."""

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
    OSError
        If it was not written by `encoded`.
    """
    try:
        return [RecentEvent(*row) for row in orjson.loads(text)]
    except (TypeError, orjson.JSONDecodeError) as error:
        msg = f"the feature {VIEW}:{FEATURE} holds no events: {error}"
        raise OSError(msg) from error
