"""Texts of any length in two arrays, so that none is read from the disk before it is asked for."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import numpy as np

# Texts of a column that are not read again, at some 200 bytes each: lists are made of the same
# items again and again.
KEPT = 1 << 17


class TextColumn:
    """Texts by their place.

    Parameters
    ----------
    text : ndarray of uint8
        The texts, one after the other, in UTF-8.
    starts : ndarray of shape (n + 1,), int64
        Where each begins; the last is the length of `text`.
    """

    def __init__(self, text: np.ndarray, starts: np.ndarray) -> None:
        # Reading a number or a few bytes from a memoryview is ten times as fast as from an array.
        self._text = memoryview(text.data)
        self._starts = memoryview(starts.data)
        self._kept = _keeping(self._text, self._starts)

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._starts) - 1

    def __getitem__(self, place: int) -> str:
        """Return the text at a place, from 0; negative ones do not count from the end."""
        return _text_at(self._text, self._starts, place)

    def several(self, places: Iterable[int]) -> list[str]:
        """Return the texts at some places, as `column[place]` does for each of them."""
        return list(map(self._kept, places))

    def __iter__(self) -> Iterator[str]:
        """Go through all texts."""
        return (self[place] for place in range(len(self)))

    def encoded(self, place: int) -> bytes:
        """Return the text at a place, from 0, in UTF-8."""
        return bytes(self._text[self._starts[place] : self._starts[place + 1]])


class IdColumn(TextColumn):
    """Texts that ascend by their bytes in UTF-8, each once: from an id to its place and back."""

    def find(self, wanted: str) -> int | None:
        """Return the place of an id, or None; reads about log2(n) ids, wherever they lie."""
        try:
            key = wanted.encode("utf-8")
        except UnicodeEncodeError:  # Half a pair of surrogates, which no table can hold.
            return None
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.encoded(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self) and self.encoded(low) == key else None


def _text_at(text: memoryview, starts: memoryview, place: int) -> str:
    if not 0 <= place < len(starts) - 1:
        raise IndexError(f"there are {len(starts) - 1} texts, asked for {place}")
    return str(text[starts[place] : starts[place + 1]], "utf-8")


def _keeping(text: memoryview, starts: memoryview) -> Callable[[int], str]:
    """Return what reads a text at its first use; it knows no column, which is gone at once."""

    @lru_cache(maxsize=KEPT)
    def read(place: int) -> str:
        return _text_at(text, starts, place)

    return read
