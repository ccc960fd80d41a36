"""Recent events of the users of a shop."""

from datetime import UTC, datetime

from feature_repo.recent_events import RecentEvent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(item_id: str, kind: str = "view", at: datetime = NOW, **changed: object) -> RecentEvent:
    """Return an event that landed when it happened."""
    values = {
        "occurred_at": at.timestamp(),
        "landed_at": at.timestamp(),
        "event_id": f"{item_id} {kind} {at}",
        "item_id": item_id,
        "event_type": kind,
    }
    return RecentEvent(**{**values, **changed})
