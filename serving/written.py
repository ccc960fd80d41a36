"""The items of a list written down by compiled code, from the arrays of a release.

To make objects of twenty items, and text of these, takes Python longer than all else that an answer
needs.
"""

from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np

from serving.bundle_rows import ListRows
from serving.texts import Texts

if TYPE_CHECKING:
    from serving.bundle import Bundle

SPACE, QUOTE, BACKSLASH = ord(" "), ord('"'), ord("\\")
ZERO, MINUS, POINT = ord("0"), ord("-"), ord(".")
SCORE_DIGITS = 6
HEXADECIMAL = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
# Compiled code is kept until this file changes: what it is made of has its home here.
# Whatever a count is, the words are those of one of these: none, zero, one, many.
COUNTS = (None, 0, 1, 987_654_321)
COUNT_KINDS = len(COUNTS)
# What stands in a phrase for a title and for a count: bytes that no text has in JSON.
TITLE, COUNT = 0x1E, 0x1F
# Of one item, all that is not a text: names, quotes and numbers.
ITEM_BYTES = 200
# JSON writes one byte as at most so many: \u001f.
ESCAPED_BYTES = 6


class Phrases(NamedTuple):
    """What a release says of its sources; `serving.reasons.phrases_of` makes it.

    Attributes
    ----------
    names : Texts
        By the code of the source.
    reasons : Texts
        By code, then whether there is evidence, then the kind of count; as JSON without quotes.
    """

    names: Texts
    reasons: Texts


class Written(NamedTuple):
    """The items of a page, written down.

    Attributes
    ----------
    items : bytes
        A JSON array of `contracts.Item`.
    shown : list of bytes
        Of each item `item_id`, `rank` and `source`: members of a JSON object, without braces.
    """

    items: bytes
    shown: list[bytes]


def written_items(bundle: "Bundle", rows: ListRows, offset: int) -> Written:
    """Write the items of a page down.

    Parameters
    ----------
    bundle : Bundle
        That the rows come from.
    rows : ListRows
    offset : int
        Items before the page, >= 0.

    Returns
    -------
    Written

    Raises
    ------
    IndexError, UnicodeDecodeError
        If the rows or the texts of the release are damaged.
    """
    texts = bundle.item_ids.texts, bundle.titles.texts
    out, cuts = _written(rows, offset, *texts, bundle.phrases)
    items = out.tobytes()
    # What is no UTF-8 is no JSON either.
    items.decode()
    return Written(items, [items[start:end] for start, end in cuts.tolist()])


# Bounds are checked, for the file of an array may be damaged while it is mapped.
@numba.njit(cache=True, nogil=True, boundscheck=True)
def _written(
    rows: ListRows, offset: int, ids: Texts, titles: Texts, phrases: Phrases
) -> tuple[np.ndarray, np.ndarray]:
    """Return the items, and where the members that `Written.shown` has begin and end."""
    out = np.empty(_most_bytes(rows, ids, titles, phrases), dtype=np.uint8)
    cuts = np.empty((rows.items.size, 2), dtype=np.int64)
    at = _put(out, 0, b"[")
    for row in range(rows.items.size):
        if row:
            at = _put(out, at, b",")
        at = _put(out, at, b"{")
        cuts[row, 0] = at
        at = _put(out, at, b'"item_id":"')
        at = _put_text(out, at, ids, rows.items[row])
        at = _put(out, at, b'","rank":')
        at = _put_number(out, at, offset + row + 1)
        at = _put(out, at, b',"source":"')
        at = _put_text(out, at, phrases.names, rows.sources[row])
        at = _put(out, at, b'"')
        cuts[row, 1] = at
        at = _put(out, at, b',"score":')
        at = _put_score(out, at, rows.scores[row])
        at = _put(out, at, b',"reason":"')
        at = _put_reason(out, at, rows, row, phrases.reasons, ids, titles)
        at = _put(out, at, b'","evidence":')
        if rows.evidence[row] < 0:
            at = _put(out, at, b"null}")
        else:
            at = _put(out, at, b'"')
            at = _put_text(out, at, ids, rows.evidence[row])
            at = _put(out, at, b'"}')
    at = _put(out, at, b"]")
    return out[:at], cuts


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _most_bytes(rows: ListRows, ids: Texts, titles: Texts, phrases: Phrases) -> int:
    """Return more bytes than the items can take."""
    most = 2
    for row in range(rows.items.size):
        texts = _length(ids, rows.items[row])
        evidence = rows.evidence[row]
        if evidence >= 0:
            texts += 2 * _length(ids, evidence) + _length(titles, evidence)
        source = rows.sources[row]
        texts += _length(phrases.names, source)
        texts += _length(phrases.reasons, _place(source, evidence, rows.evidence_counts[row]))
        most += ESCAPED_BYTES * texts + ITEM_BYTES
    return most


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _place(source: int, evidence: int, count: int) -> int:
    """Return the place of what is said in a case."""
    kind = min(max(count, -1), COUNT_KINDS - 2) + 1
    return (source * 2 + (evidence >= 0)) * COUNT_KINDS + kind


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _put_reason(
    out: np.ndarray, at: int, rows: ListRows, row: int, reasons: Texts, ids: Texts, titles: Texts
) -> int:
    evidence, count = rows.evidence[row], rows.evidence_counts[row]
    place = _place(rows.sources[row], evidence, count)
    for start in range(reasons.starts[place], reasons.starts[place + 1]):
        byte = reasons.text[start]
        if byte == COUNT:
            at = _put_number(out, at, count)
        elif byte == TITLE:
            # An item without a title goes by its id.
            titled = _length(titles, evidence) > 0
            at = _put_text(out, at, titles if titled else ids, evidence)
        else:
            out[at] = byte
            at += 1
    return at


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _length(texts: Texts, place: int) -> int:
    """Return the bytes of a text, having seen that they are there."""
    if not 0 <= place < texts.starts.size - 1:
        raise IndexError("there is no text at this place")
    start, end = texts.starts[place], texts.starts[place + 1]
    if not 0 <= start <= end <= texts.text.size:
        raise IndexError("a text is damaged")
    return end - start


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _put(out: np.ndarray, at: int, piece: bytes) -> int:
    """Write a piece, and return where the next one goes."""
    for byte in piece:
        out[at] = byte
        at += 1
    return at


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _put_text(out: np.ndarray, at: int, texts: Texts, place: int) -> int:
    """Write a text as JSON, without its quotes."""
    for start in range(texts.starts[place], texts.starts[place + 1]):
        byte = texts.text[start]
        if byte < SPACE:
            at = _put(out, at, b"\\u00")
            out[at], out[at + 1] = HEXADECIMAL[byte >> 4], HEXADECIMAL[byte & 15]
            at += 2
            continue
        if byte in (QUOTE, BACKSLASH):
            out[at] = BACKSLASH
            at += 1
        out[at] = byte
        at += 1
    return at


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _put_number(out: np.ndarray, at: int, number: int) -> int:
    """Write a whole number, >= 0."""
    digits = 1
    while number >= 10**digits:
        digits += 1
    for place in range(at + digits - 1, at - 1, -1):
        out[place] = ZERO + number % 10
        number //= 10
    return at + digits


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _put_score(out: np.ndarray, at: int, score: float) -> int:
    """Write a score with six digits after the point and no zeros at its end; null for nan."""
    if np.isnan(score):
        return _put(out, at, b"null")
    if score < 0:
        out[at] = MINUS
        at += 1
    millionths = np.int64(np.rint(abs(score) * 10**SCORE_DIGITS))
    at = _put_number(out, at, millionths // 10**SCORE_DIGITS)
    out[at] = POINT
    rest = millionths % 10**SCORE_DIGITS
    for place in range(SCORE_DIGITS, 0, -1):
        out[at + place] = ZERO + rest % 10
        rest //= 10
    at += SCORE_DIGITS + 1
    while out[at - 1] == ZERO and out[at - 2] != POINT:
        at -= 1
    return at
