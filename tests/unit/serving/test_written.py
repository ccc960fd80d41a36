"""What compiled code writes is JSON, and says what the rows of a release say."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.bundle_rows import ListRows
from serving.reasons import phrases_of, reason
from serving.texts import TextColumn, packed
from serving.written import written_items

# With all that JSON writes in another way, and with what stands for a title in a phrase.
TEXTS = st.text(st.sampled_from('"\\/\b\n\x00\x1e\x1f\x7f<title>é用🙂a0'), max_size=8)
SOURCES = ["als", "covisitation", "repeat", "pinned", "segment", "popular", 'a "new" one']
COUNTS = st.one_of(st.integers(-1, 2), st.integers(3, 2**31 - 1))
# Of the type that releases have; larger ones than probabilities are written too.
SCORES = st.one_of(st.just(np.nan), st.floats(-1000, 1000, width=32), st.floats(0, 1, width=32))


def release_of(ids: list[str], titles: list[str]) -> SimpleNamespace:
    """Return what of a release is written down."""
    columns = [TextColumn(*packed(text.encode() for text in texts)) for texts in (ids, titles)]
    names = ("item_ids", "titles")
    return SimpleNamespace(**dict(zip(names, columns, strict=True)), phrases=phrases_of(SOURCES))


@st.composite
def pages(draw: st.DrawFn) -> tuple[list[str], list[str], list[tuple]]:
    """Draw ids, titles, and rows of a list."""
    ids = draw(st.lists(TEXTS, min_size=1, max_size=6))
    titles = [draw(TEXTS) for _ in ids]
    item = st.integers(0, len(ids) - 1)
    source = st.integers(0, len(SOURCES) - 1)
    row = st.tuples(item, SCORES, source, st.one_of(st.just(-1), item), COUNTS)
    return ids, titles, draw(st.lists(row, max_size=5))


def described(ids: list[str], titles: list[str], rows: list[tuple], offset: int) -> list[dict]:
    """Say in plain Python what should be written."""
    items = []
    for rank, (item, score, source, evidence, count) in enumerate(rows, start=offset + 1):
        name = SOURCES[source]
        title = None if evidence < 0 else titles[evidence] or ids[evidence]
        items.append(
            {
                "item_id": ids[item],
                "rank": rank,
                "source": name,
                "score": None if np.isnan(score) else pytest.approx(score, abs=0.6e-6),
                "reason": reason(name, title, None if count < 0 else count),
                "evidence": None if evidence < 0 else ids[evidence],
            }
        )
    return items


@settings(max_examples=300, deadline=None)
@given(page=pages(), offset=st.integers(0, 1000))
def test_items_are_written_as_plain_python_describes_them(page, offset):
    ids, titles, rows = page
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    written = written_items(release_of(ids, titles), ListRows.of(*columns), offset)
    items = json.loads(written.items)
    assert items == described(ids, titles, rows, offset)
    # What the log of impressions says of an item is what was answered.
    assert [json.loads(b"{%b}" % members) for members in written.shown] == [
        {name: item[name] for name in ("item_id", "rank", "source")} for item in items
    ]


@given(st.floats(0, 1, width=32))
@settings(deadline=None)
def test_a_probability_is_rounded_to_six_digits(score):
    rows = ListRows.of([0], [score], [0], [-1], [-1])
    [item] = json.loads(written_items(release_of(["i"], [""]), rows, 0).items)
    assert item["score"] == round(score, 6)


@pytest.mark.parametrize(
    "row",
    [(7, 0.5, 0, -1, -1), (-1, 0.5, 0, -1, -1), (0, 0.5, 0, 7, -1), (0, 0.5, 99, -1, -1)],
    ids=["item", "negative item", "evidence", "source"],
)
def test_a_row_that_leads_nowhere_is_refused(row):
    with pytest.raises(IndexError):
        written_items(release_of(["i"], [""]), ListRows.of(*([value] for value in row)), 0)


def test_texts_that_are_damaged_are_refused():
    row = ListRows.of([0], [0.5], [0], [-1], [-1])
    for starts in ([5, 1], [0, 10**9], [-3, 1]):
        release = release_of(["i"], [""])
        release.item_ids = TextColumn(np.frombuffer(b"i", dtype=np.uint8), np.array(starts))
        with pytest.raises(IndexError):
            written_items(release, row, 0)
    release = release_of(["i"], [""])
    release.item_ids = TextColumn(np.frombuffer(b"\xff", dtype=np.uint8), np.array([0, 1]))
    with pytest.raises(UnicodeDecodeError):
        written_items(release, row, 0)
