"""From a log of messages to the landing log: acknowledged when it is on disk."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
from pydantic import ValidationError

from feature_repo.recent_events import RecentEvents
from serving.contracts import Event
from serving.events import landing_row, recent_by_user
from serving.landing import LandingLog

LOG = logging.getLogger("topshelf.consuming")
BATCH = 500
WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class Message:
    """One message of a log.

    Attributes
    ----------
    message_id : str
        Unique in the log for ever: of a partition and offset, say.
    content : mapping of bytes to bytes
        The fields of an event in UTF-8; or one field `event` that holds them all as JSON. As the
        log has them: whether they can be understood is found out message by message.
    """

    message_id: str
    content: Mapping[bytes, bytes]


class EventLog(Protocol):
    """What is asked of a log; Redis Streams are one, a consumer of Kafka would be another."""

    @property
    def name(self) -> str:
        """Return a name that is unique among the logs, for ids of events that have none."""

    def read(self, count: int, wait_seconds: float) -> Sequence[Message]:
        """Return messages that were not acknowledged, those of a former life first.

        Waits for new ones if there are none. Errors are `OSError`.
        """

    def acknowledge(self, message_ids: Sequence[str]) -> None:
        """Never return these messages again. Errors are `OSError`."""


@dataclass(frozen=True)
class Counts:
    """What one batch came to: events on disk, and messages that are no events."""

    landed: int = 0
    rejected: int = 0


class Consumer:
    """Carries messages into the landing log, at least once.

    Parameters
    ----------
    source : EventLog
    events, rejected : LandingLog
        Where events go, and where messages go that are no events, with the reason.
    recent : RecentEvents
        Where the next list finds the events.
    now : callable
        The clock.
    """

    def __init__(
        self,
        source: EventLog,
        events: LandingLog,
        rejected: LandingLog,
        recent: RecentEvents,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source, self._events, self._rejected = source, events, rejected
        self._recent, self._now = recent, now

    def step(self, count: int = BATCH, wait_seconds: float = WAIT_SECONDS) -> Counts:
        """Carry one batch.

        Whatever happens on the way, a message is acknowledged after it is on disk. One that was on
        disk and not acknowledged comes again, with the same id, and counts once in the tables.

        Parameters
        ----------
        count : int
            Most messages of it.
        wait_seconds : float
            How long to wait for the first one.

        Raises
        ------
        OSError
            If the log does not answer, or the disk cannot be written.
        """
        messages = self._source.read(count, wait_seconds)
        if not messages:
            return Counts()
        now = self._now()
        rows: list[dict[str, Any]] = []
        refused: list[dict[str, Any]] = []
        for message in messages:
            try:
                rows.append(landing_row(self._event(message), now))
            except ValueError as error:
                refused.append(_refusal(message, error))
        for log, lines in ((self._events, rows), (self._rejected, refused)):
            if lines:
                log.append(lines).result()
        try:
            self._recent.add(recent_by_user(rows))
        except OSError as error:
            # They are safe; the next run has them.
            LOG.warning("the online store did not take %s events: %s", len(rows), error)
        self._source.acknowledge([message.message_id for message in messages])
        return Counts(len(rows), len(refused))

    def _event(self, message: Message) -> Event:
        """Understand a message; without an id the event gets the one of the message."""
        content: Any = {name.decode(): told.decode() for name, told in message.content.items()}
        if set(content) == {"event"}:
            content = orjson.loads(content["event"])
        event = Event.model_validate(content)
        if event.event_id:
            return event
        return event.model_copy(update={"event_id": f"{self._source.name}:{message.message_id}"})


def _refusal(message: Message, error: ValueError) -> dict[str, Any]:
    """Return the line for a message that is no event."""
    if isinstance(error, ValidationError):
        faults = error.errors()
        reason = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
    else:
        reason = str(error)
    # What is no text is kept as Python would write its bytes.
    content = {
        name.decode(errors="backslashreplace"): told.decode(errors="backslashreplace")
        for name, told in message.content.items()
    }
    return {"message_id": message.message_id, "content": content, "reason": reason}
