"""Having everything ready before the first request asks for it."""

from datetime import UTC, datetime

from feature_repo.recent_events import RecentEvent
from serving.bundle import Bundle
from serving.entries import rows_of
from serving.ladder import Wish, listed
from serving.taste import cutoff_of
from serving.written import written_items


def warm(bundle: Bundle) -> None:
    """Answer once with a release: what is compiled or mapped at first use is so afterwards.

    Parameters
    ----------
    bundle : Bundle
    """
    now = datetime.now(UTC)
    if not bundle.user_count or not bundle.item_count:
        return
    moment = max(now, cutoff_of(bundle)).timestamp()
    kinds = [name for name, kind in bundle.event_types.items() if kind.role != "ignore"]
    events = [RecentEvent(moment, moment, name, bundle.item_ids[0], name) for name in kinds]
    for known in (events, []):
        listing = listed(bundle, Wish(bundle.user_ids[0], 1), known, now)
        written_items(bundle, rows_of(bundle, listing.entries), 0)
