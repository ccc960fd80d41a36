"""A user's rows as of now, from a release and what the user did since: list and activity."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from feature_repo.recent_events import RecentEvent
from serving.bundle import Bundle
from serving.ladder import Wish, listed
from serving.reasons import reason
from serving.taste import DAY, cutoff_of, since

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


def known_before(
    bundle: Bundle, events: Iterable[RecentEvent], moment: datetime
) -> list[RecentEvent]:
    """Return the events that a release does not know, and that were known at a moment.

    Parameters
    ----------
    bundle : Bundle
    events : iterable of RecentEvent
        Of one user.
    moment : datetime
        With its time zone; what became known then or later does not count, as in the SQL.
    """
    end = moment.timestamp()
    return [
        event for event in since(bundle, events) if max(event.occurred_at, event.landed_at) < end
    ]


def list_rows(
    bundle: Bundle, user_id: str, events: Sequence[RecentEvent], moment: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the list of a user at a moment, as `serving.rec_user_top_items` has it.

    It is the one that the application would answer with.

    Parameters
    ----------
    bundle : Bundle
    user_id : str
    events : sequence of RecentEvent
        Of `known_before`.
    moment : datetime
        With its time zone.
    """
    length = int(bundle.manifest["lists"]["per_user"])
    listing = listed(bundle, Wish(user_id, length), events, moment)
    for rank, entry in enumerate(listing.entries[:length], start=1):
        evidence = None if entry.evidence is None else bundle.item_ids[entry.evidence]
        title = None if entry.evidence is None else bundle.title(entry.evidence) or evidence
        yield {
            "user_id": user_id,
            "recommended_rank": rank,
            "item_id": bundle.item_ids[entry.item],
            "score": entry.score,
            "source": entry.source,
            "reason": reason(entry.source, title, entry.evidence_count),
            "evidence_item_id": evidence,
            "evidence_count": entry.evidence_count,
            "fallback": listing.fallback,
            "release_id": bundle.release_id,
            "generated_at": moment,
        }


def activity_row(
    bundle: Bundle, user_id: str, events: Sequence[RecentEvent], moment: datetime
) -> dict[str, Any]:
    """Return what a user did until a moment, as `features.ftr_user_activity` has it.

    Sums over all time are those that the SQL would give. From counts of 7, 28 and 84 days, what
    has left the window since the release is not taken away. Sessions, active days and values are
    not told: they need the history itself.

    Parameters
    ----------
    bundle : Bundle
    user_id : str
    events : sequence of RecentEvent
        Of `known_before`, at least one; in any order.
    moment : datetime
        With its time zone.

    Returns
    -------
    dict
        `user_id`, the columns of `ACTIVITY`, `release_id` and `feature_at`. None where the release
        does not hold the value at its cutoff, because its ranker does not read it.
    """
    user, now = bundle.user_row(user_id), moment.timestamp()
    base = _base(bundle, user, now)
    added = _added(bundle, user, events, now)
    counts = {
        name: None if (before := base[name]) is None else before + added[name] for name in COUNTS
    }
    row: dict[str, Any] = {**counts}
    days = [(now - event.occurred_at) / DAY for event in events]
    # Nan stands for a user of whom nothing had happened; it gives way.
    row["days_since_last"] = _pick(base["days_since_last"], min(days), np.fmin)
    row["days_since_first"] = _pick(base["days_since_first"], max(days), np.fmax)
    items, interactions = row["item_count"], row["interaction_count"]
    row["interactions_per_item"] = interactions / items if items and interactions else None
    for name in COUNTS:
        row[name] = None if row[name] is None else int(row[name])
    return {
        "user_id": user_id,
        **{name: row[name] for name in ACTIVITY},
        "release_id": bundle.release_id,
        "feature_at": moment,
    }


def _base(bundle: Bundle, user: int | None, now: float) -> dict[str, float | None]:
    """Return the values at the cutoff, days counted to now; nothing happened to a stranger."""
    names = {name: place for place, name in enumerate(bundle.manifest.get("user_features", ()))}
    passed = (now - cutoff_of(bundle).timestamp()) / DAY
    base: dict[str, float | None] = {}
    for name in (*COUNTS, "days_since_last", "days_since_first"):
        is_count = name in COUNTS
        if user is None:
            base[name] = 0.0 if is_count else np.nan
        elif f"{VIEW}__{name}" not in names:
            base[name] = None
        else:
            value = float(bundle.arrays["user_features"][user][names[f"{VIEW}__{name}"]])
            base[name] = np.nan_to_num(value) if is_count else value + passed
    return base


def _added(
    bundle: Bundle, user: int | None, events: Sequence[RecentEvent], now: float
) -> dict[str, int]:
    """Count what new events add."""
    types = bundle.event_types
    known = _touched(bundle, user)
    positives = [one for one in events if types[one.event_type].role == "positive"]
    added = {name: len(_within(events, days, now)) for name, days in INTERACTIONS.items()}
    added |= {name: len(_within(positives, days, now)) for name, days in POSITIVES.items()}
    for name, days in ITEMS.items():
        added[name] = len({one.item_id for one in _within(events, days, now)} - known)
    return added


def _touched(bundle: Bundle, user: int | None) -> set[str]:
    """Return the items that a user had touched at the cutoff, liked or not."""
    if user is None:
        return set()
    numbers = {*bundle.history(user)[0].tolist(), *bundle.excluded(user).tolist()}
    return {bundle.item_ids[number] for number in numbers}


def _within(events: Sequence[RecentEvent], days: int | None, now: float) -> list[RecentEvent]:
    """Return the events of the last days."""
    return [one for one in events if days is None or one.occurred_at >= now - days * DAY]


def _pick(base: float | None, new: float, choose: np.ufunc) -> float | None:
    return None if base is None else float(choose(base, new))
