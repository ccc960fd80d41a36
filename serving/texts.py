"""Texts of any length in two arrays, so that none is read from the disk before it is asked for."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numba
import numpy as np


class Texts(NamedTuple):
    """Texts one after the other, for compiled code.

    Attributes
    ----------
    text : ndarray of uint8
        All of them, in UTF-8.
    starts : ndarray of shape (n + 1,), int64
        Where each begins; the last is the length of `text`.
    """

    text: np.ndarray
    starts: np.ndarray


def packed(texts: Iterable[bytes]) -> Texts:
    """Put texts one after the other.

    Parameters
    ----------
    texts : iterable of bytes
        In UTF-8.
    """
    known = list(texts)
    starts = np.cumsum([0, *map(len, known)], dtype=np.int64)
    starts.flags.writeable = False
    return Texts(np.frombuffer(b"".join(known), dtype=np.uint8), starts)


class TextColumn:
    """Texts by their place.

    Parameters
    ----------
    text : ndarray of uint8
    starts : ndarray of shape (n + 1,), int64
        As in `Texts`.
    """

    def __init__(self, text: np.ndarray, starts: np.ndarray) -> None:
        # Compiled code takes plain arrays, and is compiled again for those that may be written to.
        self.texts = Texts(_readable(text), _readable(starts))
        # Reading a number or a few bytes from a memoryview is ten times as fast as from an array.
        self._text = memoryview(self.texts.text.data)
        self._starts = memoryview(self.texts.starts.data)

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._starts) - 1

    def __getitem__(self, place: int) -> str:
        """Return the text at a place, from 0; negative ones do not count from the end."""
        starts = self._starts
        if not 0 <= place < len(starts) - 1:
            raise IndexError(f"there are {len(self)} texts, asked for {place}")
        return str(self._text[starts[place] : starts[place + 1]], "utf-8")

    def __iter__(self) -> Iterator[str]:
        """Go through all texts."""
        return (self[place] for place in range(len(self)))


class IdColumn(TextColumn):
    """Texts that ascend by their bytes in UTF-8, each once: from an id to its place and back."""

    def find(self, wanted: str) -> int | None:
        """Return the place of an id, or None; reads about log2(n) ids, wherever they lie."""
        try:
            key = wanted.encode("utf-8")
        except UnicodeEncodeError:  # Half a pair of surrogates, which no table can hold.
            return None
        place = _find(self.texts, np.frombuffer(key, dtype=np.uint8))
        return None if place < 0 else int(place)


# With bounds checked, for the file of an array may be damaged while it is mapped.
@numba.njit(cache=True, nogil=True, boundscheck=True)
def _find(texts: Texts, key: np.ndarray) -> int:
    """Return the place of a text among ascending ones; -1 if it is none of them."""
    low, high = 0, texts.starts.size - 1
    while low < high:
        middle = (low + high) // 2
        order = _compared(texts, middle, key)
        if order == 0:
            return middle
        if order < 0:
            low = middle + 1
        else:
            high = middle
    return -1


@numba.njit(cache=True, nogil=True, boundscheck=True)
def _compared(texts: Texts, place: int, key: np.ndarray) -> int:
    """Tell by -1, 0 or 1 whether a text comes before a key, is it, or comes after it."""
    start, end = texts.starts[place], texts.starts[place + 1]
    for at in range(min(end - start, key.size)):
        if texts.text[start + at] != key[at]:
            return -1 if texts.text[start + at] < key[at] else 1
    return np.sign(end - start - key.size)


def _readable(array: np.ndarray) -> np.ndarray:
    """Return a plain array of the same memory that cannot be written to."""
    view = np.asarray(array)[:]
    view.flags.writeable = False
    return view
