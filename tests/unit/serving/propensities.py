"""Whether items stand at places as often as their propensities say."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from serving.entries import Entry


def told_propensities(lists: Iterable[Sequence[Entry]]) -> dict[tuple[int, int], float]:
    """Return the propensity of each place and item, after holding it against how often it came.

    Parameters
    ----------
    lists : iterable of sequence of Entry
        The same list, explored independently again and again.
    """
    counts: Counter[tuple[int, int]] = Counter()
    told: dict[tuple[int, int], float] = {}
    draws = 0
    for entries in lists:
        draws += 1
        for place, entry in enumerate(entries):
            counts[place, entry.item] += 1
            assert told.setdefault((place, entry.item), entry.propensity) == entry.propensity
    for key, count in counts.items():
        deviation = np.sqrt(told[key] * (1 - told[key]) / draws)
        assert abs(count / draws - told[key]) <= 5 * deviation + 1e-12, key
    return told
