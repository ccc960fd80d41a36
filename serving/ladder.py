"""The ladder of fallbacks: the best list that can be had now, and which one that is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import numpy as np

from feature_repo.recent_events import RecentEvent
from serving.bundle import Bundle
from serving.category_limits import limited
from serving.entries import (
    Entry,
    RowEntries,
    personal_entries,
    pool_entries,
    popular_entries,
    without,
)
from serving.experiments import LIVE
from serving.ranked import proposed_rows, ranked_entries, ruled
from serving.signals import Liking, signals_of
from serving.taste import Taste, taste_of

# How much less the item before the last one says than the last one, for a stranger.
SESSION_DECAY = 0.8
RECENT, PERSONAL, SESSION = "recent", "personal", "session"
SEGMENT, POPULAR, NOTHING = "segment", "popular", "none"


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Attributes
    ----------
    user_id : str
    length : int
        Items wanted, with those that `offset` passes over.
    category : str, optional
        Only items of it.
    exclude : frozenset of str
        Items that must not be shown, by id.
    policy : str
        `live` goes down the whole ladder; `popular` shows everybody what is popular.
    unranked : tuple of RecentEvent
        Events that take their items off the list and change nothing else about it.
    """

    user_id: str
    length: int
    category: str | None = None
    exclude: frozenset[str] = frozenset()
    policy: str = LIVE
    unranked: tuple[RecentEvent, ...] = ()


@dataclass(frozen=True)
class Listing:
    """What is found.

    Attributes
    ----------
    entries : sequence of Entry
        Best first; as many as were asked for, if there are so many.
    fallback : str
        Of the ladder: the step that the first item came from.
    history_items, recent_events, candidates, excluded : int
        As in `contracts.Explanation`.
    within : int
        Entries from the top that keep the limits of categories in whichever order; those that
        follow are there because nothing else is.
    """

    entries: Sequence[Entry] = ()
    fallback: str = NOTHING
    history_items: int = 0
    recent_events: int = 0
    candidates: int = 0
    excluded: int = 0
    within: int = 0


Step = tuple[str, Callable[[], Iterable[Entry]]]


def listed(bundle: Bundle, wish: Wish, events: Sequence[RecentEvent], now: datetime) -> Listing:
    """Go down the ladder until there are as many items as are wished for.

    Parameters
    ----------
    bundle : Bundle
        Of one release; nothing else is read.
    wish : Wish
    events : sequence of RecentEvent
        Of the user; none if there are none, or if the store does not answer.
    now : datetime
        With its time zone.

    Returns
    -------
    Listing
        Without items only if the release has none that the wish allows.
    """
    touched = taste_of(bundle, wish.user_id, [*events, *wish.unranked], now)
    barred = touched.barred(bundle, repeats=repeats_of(bundle))
    taste = taste_of(bundle, wish.user_id, events, now) if wish.unranked else touched
    refused = [i for i in map(bundle.item_index, wish.exclude) if i is not None]
    if refused:
        barred = np.union1d(barred, np.array(refused, dtype=np.int64))
    closed = set(barred.tolist())
    published = _as_published(bundle, taste, wish, closed)
    if published is not None:
        known = (taste.history.size, len(taste.events), 0, barred.size)
        return Listing(published, PERSONAL, *known, within=len(published))
    counts = {"candidates": 0}
    origins: dict[int, str] = {}
    steps = _steps if wish.policy == LIVE else _popular_steps

    def offers() -> Iterator[Entry]:
        for name, entries in steps(bundle, taste, barred, now, counts):
            for entry in entries():
                if entry.item not in closed and _is_wanted(bundle, entry.item, wish.category):
                    closed.add(entry.item)
                    origins[entry.item] = name
                    yield entry

    found = list(islice(limited(bundle, offers()), wish.length))
    first = origins[found[0][0].item] if found else NOTHING
    if not found:
        # Never empty: what was seen is better than nothing, what was refused is not.
        first, found = _last_resort(bundle, touched, wish, refused)
    entries, within = [entry for entry, _ in found], sum(is_within for _, is_within in found)
    return Listing(
        entries,
        first,
        taste.history.size,
        len(taste.events),
        counts["candidates"],
        barred.size,
        within,
    )


def _as_published(bundle: Bundle, taste: Taste, wish: Wish, closed: set[int]) -> RowEntries | None:
    """Return the top of the published list if it is all that the ladder comes to; else None.

    That is so for most requests, and found out at once, without a look at each item.
    """
    is_plain = wish.policy == LIVE and wish.category is None and not bundle.has_category_limits
    if taste.user is None or taste.lately or not is_plain:
        return None
    rows = bundle.personal(taste.user).part(slice(wish.length))
    if 0 < rows.items.size < wish.length:
        rows = rows.followed_by(bundle.pool(taste.user).part(slice(wish.length - rows.items.size)))
    items = {*rows.items.tolist()}
    is_all = len(items) == wish.length and closed.isdisjoint(items)
    return RowEntries(bundle, rows) if is_all else None


def _steps(
    bundle: Bundle, taste: Taste, barred: np.ndarray, now: datetime, counts: dict[str, int]
) -> Iterator[Step]:
    """Yield the steps of the ladder, best first."""
    user = taste.user
    is_personal = user is not None and bundle.has_list(user)
    if taste.lately and is_personal:

        def recent() -> Iterable[Entry]:
            entries, counts["candidates"] = ranked_entries(bundle, taste, barred, now.timestamp())
            return entries

        yield RECENT, recent
    if user is not None and is_personal:
        yield PERSONAL, lambda: personal_entries(bundle, user)
        yield PERSONAL, lambda: pool_entries(bundle, user)
    if taste.lately:
        yield SESSION, lambda: session_entries(bundle, taste, barred)
    segment = bundle.segment_of(user) if user is not None else None
    if segment is not None:
        yield SEGMENT, lambda: popular_entries(bundle, segment)
    yield from _popular_steps(bundle, taste, barred, now, counts)


def _popular_steps(
    bundle: Bundle, taste: Taste, barred: np.ndarray, now: datetime, counts: dict[str, int]
) -> Iterator[Step]:
    """Yield the last step alone."""
    yield POPULAR, lambda: popular_entries(bundle, None)


def session_entries(bundle: Bundle, taste: Taste, barred: np.ndarray) -> Sequence[Entry]:
    """Return what goes with the items that a user touched lately, who has no list.

    Neighbours of the last items, the newest speaking loudest, then what factorisation makes of
    them all.

    Parameters
    ----------
    bundle : Bundle
    taste : Taste
        With recent events.
    barred : ndarray of int
        Items that must not be shown.
    """
    liked = [one for one in taste.lately if not one.is_disliked]
    strengths = {one.item: SESSION_DECAY**place for place, one in enumerate(liked)}
    signals = signals_of(bundle, Liking(*taste.items, strengths), barred)
    return ruled(RowEntries(bundle, proposed_rows(bundle, signals).without(barred.tolist())))


def _last_resort(
    bundle: Bundle, taste: Taste, wish: Wish, refused: list[int]
) -> tuple[str, list[tuple[Entry, bool]]]:
    """Return popular items although the user has seen them all."""
    disliked = [one.item for one in taste.lately if one.is_disliked]
    if taste.user is not None and repeats_of(bundle):
        disliked += bundle.excluded(taste.user).tolist()
    entries = without(popular_entries(bundle, None), [*disliked, *refused])
    kept = [entry for entry in entries if _is_wanted(bundle, entry.item, wish.category)]
    return (POPULAR if kept else NOTHING), list(limited(bundle, kept))


def _is_wanted(bundle: Bundle, item: int, category: str | None) -> bool:
    return category is None or bundle.category(item) == category


def repeats_of(bundle: Bundle) -> bool:
    """Return whether the log recommends items again."""
    return bool(bundle.manifest.get("lists", {}).get("repeats", False))
