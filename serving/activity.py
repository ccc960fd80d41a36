"""What a user did until a moment, as `features.ftr_user_activity` has it."""

from collections.abc import Sequence

import numpy as np

from feature_repo.recent_events import RecentEvent
from serving.bundle import Bundle
from serving.taste import DAY, cutoff_of

VIEW = "user_activity"
# Counts that new events are added to, by the days that they look back; None for all time.
INTERACTIONS = {
    "interaction_count": None,
    "interaction_count_7d": 7,
    "interaction_count_28d": 28,
}
POSITIVES = {"positive_count": None, "positive_count_28d": 28, "positive_count_84d": 84}
ITEMS = {"item_count": None, "item_count_28d": 28}
COUNTS = (*INTERACTIONS, *POSITIVES, *ITEMS)
ACTIVITY = (*COUNTS, "days_since_last", "days_since_first", "interactions_per_item")


def activity_at(
    bundle: Bundle, user: int | None, events: Sequence[RecentEvent], now: float
) -> dict[str, float | None]:
    """Return what a user did until a moment, from a release and what it does not know.

    Sums over all time are those that the SQL would give. From counts of 7, 28 and 84 days, what
    has left the window since the release is not taken away.

    Parameters
    ----------
    bundle : Bundle
    user : int, optional
        Number of the user in the release; None for a stranger.
    events : sequence of RecentEvent
        Of `taste.since`, in any order; none if nothing new happened.
    now : float
        Seconds since 1970.

    Returns
    -------
    dict
        The columns of `ACTIVITY`. None where the release does not hold the value at its cutoff,
        because its ranker does not read it; days are nan of whom nothing ever happened.
    """
    base = _base(bundle, user, now)
    added = _added(bundle, user, events, now)
    row: dict[str, float | None] = {
        name: None if (before := base[name]) is None else before + added[name] for name in COUNTS
    }
    days = [max(0.0, now - event.occurred_at) / DAY for event in events]
    # Nan stands for a user of whom nothing had happened; it gives way.
    row["days_since_last"] = _pick(base["days_since_last"], days, np.fmin)
    row["days_since_first"] = _pick(base["days_since_first"], days, np.fmax)
    items, interactions = row["item_count"], row["interaction_count"]
    row["interactions_per_item"] = interactions / items if items and interactions else None
    return row


def _base(bundle: Bundle, user: int | None, now: float) -> dict[str, float | None]:
    """Return the values at the cutoff, days counted to now; nothing happened to a stranger."""
    places = bundle.user_feature_places
    passed = (now - cutoff_of(bundle).timestamp()) / DAY
    base: dict[str, float | None] = {}
    for name in (*COUNTS, "days_since_last", "days_since_first"):
        is_count = name in COUNTS
        if user is None:
            base[name] = 0.0 if is_count else np.nan
        elif f"{VIEW}__{name}" not in places:
            base[name] = None
        else:
            value = float(bundle.arrays["user_features"][user][places[f"{VIEW}__{name}"]])
            base[name] = float(np.nan_to_num(value)) if is_count else value + passed
    return base


def _added(
    bundle: Bundle, user: int | None, events: Sequence[RecentEvent], now: float
) -> dict[str, int]:
    """Count what new events add."""
    types = bundle.event_types
    new = _new_items(bundle, user, events)
    positives = [one for one in events if types[one.event_type].role == "positive"]
    added = {name: len(_within(events, days, now)) for name, days in INTERACTIONS.items()}
    added |= {name: len(_within(positives, days, now)) for name, days in POSITIVES.items()}
    for name, days in ITEMS.items():
        added[name] = len({one.item_id for one in _within(events, days, now)} & new)
    return added


def _new_items(bundle: Bundle, user: int | None, events: Sequence[RecentEvent]) -> set[str]:
    """Return the items of events that a user had not touched at the cutoff, liked or not."""
    numbers = {item_id: bundle.item_index(item_id) for item_id in {one.item_id for one in events}}
    touched: set[int] = set()
    if numbers and user is not None:
        touched = {*bundle.history(user)[0].tolist(), *bundle.excluded(user).tolist()}
    return {item_id for item_id, number in numbers.items() if number not in touched}


def _within(events: Sequence[RecentEvent], days: int | None, now: float) -> list[RecentEvent]:
    """Return the events of the last days."""
    return [one for one in events if days is None or one.occurred_at >= now - days * DAY]


def _pick(base: float | None, days: list[float], choose: np.ufunc) -> float | None:
    return None if base is None else float(choose.reduce([base, *days]))
