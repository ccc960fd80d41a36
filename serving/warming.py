"""Having everything ready before the first request asks for it."""

from datetime import UTC, datetime

import numpy as np

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
    # What ranks is asked for users who have a list, and for what fits an item by its vector.
    user = _first(np.diff(bundle.arrays["list_starts"]) > 0)
    item = bundle.item_ids[_first(bundle.arrays["item_factor_row"] >= 0)]
    events = [RecentEvent(moment, moment, name, item, name) for name in kinds]
    for known in (events, []):
        listing = listed(bundle, Wish(bundle.user_ids[user], 1), known, now)
        written_items(bundle, rows_of(bundle, listing.entries), 0)


def _first(is_meant: np.ndarray) -> int:
    """Return the first place that is meant; the first of all if none is."""
    return int(is_meant.argmax())
