"""What a user likes now: the history of the release, and what happened since."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np

from feature_repo.recent_events import RecentEvent, as_happened
from serving.bundle import Bundle
from serving.bundle_models import EventType

DAY = 86_400.0
NOTHING = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Lately:
    """What recent events say of one item.

    Attributes
    ----------
    item : int
        Number of the item in the release.
    weight : float
        Sum over the events, each decayed to now, >= 0.
    events, positives : int
        How many events there were, and how many of a positive role.
    last_at : float
        Seconds since 1970 of the newest.
    is_disliked : bool
        Whether the newest says that the user does not want it.
    """

    item: int
    weight: float
    events: int
    positives: int
    last_at: float
    is_disliked: bool


@dataclass(frozen=True)
class Taste:
    """What is known of a user at the moment of a request.

    Attributes
    ----------
    user : int, optional
        Number of the user in the release; None for a stranger.
    history, history_weights : ndarray of shape (n,)
        Items that the release knows of, ascending, and their weights at its cutoff.
    lately : tuple of Lately
        Items of recent events, newest first.
    events : tuple of RecentEvent
        Recent events, with those of items that the release does not know.
    """

    user: int | None
    history: np.ndarray
    history_weights: np.ndarray
    lately: tuple[Lately, ...] = ()
    events: tuple[RecentEvent, ...] = ()

    @property
    def items(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all liked items, ascending, and their weights: what a vector is fitted on."""
        weights = dict(zip(self.history.tolist(), self.history_weights.tolist(), strict=True))
        for one in self.lately:
            if one.is_disliked:
                weights.pop(one.item, None)
            elif one.weight > 0:
                weights[one.item] = weights.get(one.item, 0.0) + one.weight
        columns = np.array(sorted(weights), dtype=np.int64)
        return columns, np.array([weights[item] for item in columns.tolist()])

    def barred(self, bundle: Bundle, *, repeats: bool) -> np.ndarray:
        """Return the items that must not be shown: seen ones unless they may repeat, disliked ones.

        Parameters
        ----------
        bundle : Bundle
            Knows what was so at its cutoff.
        repeats : bool
            Whether the log recommends items again.
        """
        known = bundle.excluded(self.user) if self.user is not None else NOTHING
        new = [one.item for one in self.lately if one.is_disliked or not repeats]
        if not new:
            return known
        return np.union1d(known, np.array(new, dtype=np.int64))


def taste_of(bundle: Bundle, user_id: str, events: Sequence[RecentEvent], now: datetime) -> Taste:
    """Put together what the release and the online store know of a user.

    Parameters
    ----------
    bundle : Bundle
    user_id : str
    events : sequence of RecentEvent
        In any order; those that the release knows are left out.
    now : datetime
        With its time zone; the weights of events are decayed to it. Those of the history stay as
        they were at the cutoff.

    Returns
    -------
    Taste
    """
    user = bundle.user_row(user_id)
    history, weights = (NOTHING, np.empty(0)) if user is None else bundle.history(user)
    new = since(bundle, events) if events else []
    lately = _by_item(bundle, new, now.timestamp()) if new else ()
    return Taste(user, history, weights, lately, tuple(new))


def since(bundle: Bundle, events: Iterable[RecentEvent]) -> list[RecentEvent]:
    """Return the events that count and that the release does not know, oldest first.

    A release knows what had happened and had landed before its cutoff, as the SQL does.
    """
    cutoff = cutoff_of(bundle).timestamp()
    types = bundle.event_types
    counting = (
        event
        for event in events
        if max(event.occurred_at, event.landed_at) >= cutoff
        and event.event_type in types
        and types[event.event_type].role != "ignore"
    )
    return sorted(counting, key=as_happened)


def cutoff_of(bundle: Bundle) -> datetime:
    """Return the moment that a release was made for, in UTC."""
    return moment_of(bundle.manifest)


def moment_of(manifest: Mapping[str, Any]) -> datetime:
    """Return the moment that the release of a manifest was made for, in UTC."""
    return _moment(manifest["generated_at"])


@lru_cache(maxsize=16)
def _moment(told: str) -> datetime:
    """Read a moment once a release."""
    moment = datetime.fromisoformat(told)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _by_item(bundle: Bundle, events: list[RecentEvent], now: float) -> tuple[Lately, ...]:
    """Sum events by item, as `int_user_items` does, newest item first."""
    found: dict[str, list[RecentEvent]] = {}
    for event in events:
        found.setdefault(event.item_id, []).append(event)
    numbers = {item_id: bundle.item_index(item_id) for item_id in found}
    lately = [
        _summed(number, found[item_id], bundle.event_types, now)
        for item_id, number in numbers.items()
        if number is not None
    ]
    return tuple(sorted(lately, key=lambda one: (-one.last_at, one.item)))


def _summed(
    item: int, events: list[RecentEvent], types: Mapping[str, EventType], now: float
) -> Lately:
    counts: dict[tuple[str, int], int] = {}
    weight = 0.0
    # Counted against the daily cap in the order in which they became known.
    for event in sorted(
        events, key=lambda one: (max(one.occurred_at, one.landed_at), one.event_id)
    ):
        kind = types[event.event_type]
        day = (event.event_type, int(event.occurred_at // DAY))
        counts[day] = counts.get(day, 0) + 1
        is_over = kind.daily_cap is not None and counts[day] > kind.daily_cap
        if kind.role == "negative" or is_over:
            continue
        age_days = max(0.0, now - event.occurred_at) / DAY
        weight += kind.weight * 0.5 ** (age_days / kind.half_life_days)
    newest = max(events, key=lambda one: (one.occurred_at, types[one.event_type].role))
    return Lately(
        item=item,
        weight=weight,
        events=len(events),
        positives=sum(types[event.event_type].role == "positive" for event in events),
        last_at=newest.occurred_at,
        is_disliked=types[newest.event_type].role == "negative",
    )
