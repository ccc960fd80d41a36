"""Limits of categories, on the way of a list to a user."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from serving.bundle import Bundle
from serving.entries import Entry


def limited(bundle: Bundle, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bool]]:
    """Yield entries, those above the limit of their category behind all others.

    A pin counts against the limit and is not held back. It stands where it would stand if nothing
    had been held back before it.

    Parameters
    ----------
    bundle : Bundle
        Whose rules hold.
    entries : iterable of Entry
        Best first, each item once; as many are taken as are needed.

    Yields
    ------
    Entry, bool
        And whether all up to it keep the limits, however they are ordered.
    """
    if not bundle.has_category_limits:
        for entry in entries:
            yield entry, True
        return
    limits, categories = bundle.arrays["item_category_limit"], bundle.arrays["item_category"]
    pins = bundle.arrays["item_pinned_rank"]
    counts: Counter[int] = Counter()
    waiting: deque[tuple[int, Entry]] = deque()
    over: list[Entry] = []
    count = 0
    for entry in entries:
        category, limit = int(categories[entry.item]), int(limits[entry.item])
        counts[category] += 1
        if pins[entry.item] >= 0:
            waiting.append((count + len(over) + len(waiting), entry))
        elif category >= 0 and 0 <= limit < counts[category]:
            over.append(entry)
        else:
            yield entry, True
            count += 1
        while waiting and waiting[0][0] <= count:
            yield waiting.popleft()[1], True
            count += 1
    for entry in over:
        while waiting and waiting[0][0] <= count:
            yield waiting.popleft()[1], False
            count += 1
        yield entry, False
        count += 1
    for _, entry in waiting:
        yield entry, False
