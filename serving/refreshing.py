"""A user's rows as of now, from a release and what the user did since: list and activity."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from feature_repo.recent_events import RecentEvent
from serving.activity import COUNTS, activity_at
from serving.bundle import Bundle
from serving.ladder import Wish, listed
from serving.reasons import reason
from serving.taste import since


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

    The values are those of `activity_at`. Sessions, active days and values are not told: they need
    the history itself.

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
    row = activity_at(bundle, bundle.user_row(user_id), events, moment.timestamp())
    counts = {name: None if (value := row[name]) is None else int(value) for name in COUNTS}
    return {
        "user_id": user_id,
        **row,
        **counts,
        "release_id": bundle.release_id,
        "feature_at": moment,
    }
