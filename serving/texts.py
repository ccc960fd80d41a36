"""Texts of any length in two arrays, so that none is read from the disk before it is asked for."""

from collections.abc import Iterator, Sequence

import numpy as np


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

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._starts) - 1

    def __getitem__(self, place: int) -> str:
        """Return the text at a place, from 0; negative ones do not count from the end."""
        starts = self._starts
        if not 0 <= place < len(starts) - 1:
            raise IndexError(f"there are {len(self)} texts, asked for {place}")
        return str(self._text[starts[place] : starts[place + 1]], "utf-8")

    def several(self, places: Sequence[int]) -> list[str]:
        """Return the texts at some places, as `column[place]` does for each of them."""
        if places and min(places) < 0:
            raise IndexError(f"texts are at places >= 0, asked for {min(places)}")
        text, starts = self._text, self._starts
        return [str(text[starts[place] : starts[place + 1]], "utf-8") for place in places]

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
        text, starts = self._text, self._starts
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            # As `encoded` does; a call takes as long as the rest of a step.
            if bytes(text[starts[middle] : starts[middle + 1]]) < key:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self) and self.encoded(low) == key else None
