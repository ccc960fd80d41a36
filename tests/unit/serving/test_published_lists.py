"""A published list is shown as it is, and what may not be shown leaves it, however it is found."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.bundle import Bundle
from serving.ladder import Wish, listed
from serving.texts import IdColumn, TextColumn

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ITEMS = 12
NUMBERS = st.integers(0, ITEMS - 1)
# Releases hold no item twice and none that is excluded, but nothing here relies on that.
LISTS = st.lists(NUMBERS, max_size=8)


def release_of(rows: dict[str, list[int]]) -> Bundle:
    """Return a release of one user, with items by table."""
    arrays = {f"{name}_item": np.array(items, dtype=np.int32) for name, items in rows.items()}
    arrays |= {f"{name}_starts": np.array([0, len(items)]) for name, items in rows.items()}
    for name, items in rows.items():
        arrays[f"{name}_score"] = np.linspace(0.5, 0.1, len(items), dtype=np.float32)
        arrays[f"{name}_source"] = np.zeros(len(items), dtype=np.uint8)
        for column in ("evidence", "evidence_count", "user_count"):
            arrays[f"{name}_{column}"] = np.full(len(items), -1, dtype=np.int32)
        arrays[f"{name}_weight"] = np.ones(len(items), dtype=np.float32)
    for name in ("item_category_limit", "item_category", "item_pinned_rank"):
        arrays[name] = np.full(ITEMS, -1, dtype=np.int32)
    arrays["user_segment"] = np.array([-1], dtype=np.int32)
    manifest = {"release_id": "r1", "generated_at": "2026-03-01 00:00:00", "sources": ["als"]}
    columns = [["ann"], [f"i{number:02}" for number in range(ITEMS)]]
    ids = [IdColumn(*encoded(texts)) for texts in columns]
    texts = [TextColumn(*encoded(texts)) for texts in ([""] * ITEMS, [], ["all"])]
    return Bundle(Path(), manifest, arrays, *ids, *texts)


def encoded(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.r_[0, np.cumsum([len(text) for text in texts])].astype(np.int64)
    return np.frombuffer("".join(texts).encode(), dtype=np.uint8), starts


@settings(max_examples=300)
@given(
    published=LISTS,
    pool=LISTS,
    popular=LISTS,
    excluded=st.sets(NUMBERS, max_size=4),
    refused=st.sets(NUMBERS, max_size=2),
    length=st.integers(1, 10),
)
def test_a_list_has_what_was_published_then_the_pool_then_what_is_popular(
    published, pool, popular, excluded, refused, length
):
    rows = {"list": published, "pool": pool, "popular": popular}
    release = release_of({**rows, "excluded": sorted(excluded), "history": sorted(excluded)})
    wish = Wish("ann", length, exclude=frozenset(f"i{number:02}" for number in refused))
    listing = listed(release, wish, [], NOW)
    offered = [*published, *(pool if published else []), *popular]
    barred = excluded | refused
    open_items = [item for item in dict.fromkeys(offered) if item not in barred]
    expected = open_items[:length]
    # What was seen is better than nothing.
    last = [item for item in dict.fromkeys(popular) if item not in refused]
    assert [entry.item for entry in listing.entries] == (expected or last)
    if expected:
        is_personal = bool(published) and expected[0] in {*published, *pool}
        assert listing.fallback == ("personal" if is_personal else "popular")
    assert listing.within == len(listing.entries)
    assert (listing.excluded, listing.history_items) == (len(barred), len(excluded))
    assert (listing.candidates, listing.recent_events) == (0, 0)
