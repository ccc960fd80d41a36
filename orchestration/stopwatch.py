"""What parts of a step took, for steps that do several things in turn."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

# The metadata of an asset that says so; dagster-dbt calls it like this for models.
SECONDS = "Execution Duration"
Block = TypeVar("Block")


class Stopwatch:
    """Adds up the seconds of each part.

    Attributes
    ----------
    seconds : dict of str to float
        By name of the part; 0 for one that never began.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Count the time in a `with` block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - began

    def making(self, part: str, blocks: Iterable[Block]) -> Iterator[Block]:
        """Count the time that making blocks takes, and not what is done with them."""
        iterator = iter(blocks)
        while True:
            with self.timing(part):
                try:
                    block = next(iterator)
                except StopIteration:
                    return
            yield block
