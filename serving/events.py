"""Events in: on disk first, then in the online store, where the next list finds them."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from feature_repo.recent_events import RecentEvent
from serving.contracts import Event


def landing_row(event: Event, now: datetime) -> dict[str, Any]:
    """Return the line of the landing log for an event.

    Parameters
    ----------
    event : Event
        As sent.
    now : datetime
        The moment at which it is landed, with its time zone.

    Returns
    -------
    dict
        The columns of `mapped.events`. A moment after `now` can only come from a clock that goes
        wrong: `occurred_at` is then `now`, and `sent_occurred_at` what was sent.
    """
    sent = event.occurred_at
    occurred_at = now if sent is None or sent > now else sent
    row = {
        "event_id": event.event_id or str(uuid.uuid4()),
        "user_id": event.user_id,
        "item_id": event.item_id,
        "event_type": event.event_type.lower(),
        "occurred_at": _written(occurred_at),
        "loaded_at": _written(now),
        "value": event.value,
        "session_id": event.session_id,
        "anonymous_id": event.anonymous_id,
        "request_id": event.request_id,
        "surface": event.surface,
        "device": event.device,
    }
    if sent is not None and sent > now:
        row["sent_occurred_at"] = _written(sent)
    return {name: value for name, value in row.items() if value is not None}


def recent_by_user(rows: Iterable[dict[str, Any]]) -> dict[str, Sequence[RecentEvent]]:
    """Return what the online store is told of landed rows."""
    users: dict[str, list[RecentEvent]] = {}
    for row in rows:
        users.setdefault(row["user_id"], []).append(
            RecentEvent(
                occurred_at=_seconds(row["occurred_at"]),
                landed_at=_seconds(row["loaded_at"]),
                event_id=row["event_id"],
                item_id=row["item_id"],
                event_type=row["event_type"],
                value=row.get("value"),
            )
        )
    return dict(users)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
