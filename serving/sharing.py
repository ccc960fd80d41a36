"""How what one process does at a time shares its cores, so that no answer waits for long."""

import gc
import os
import sys
import threading

from threadpoolctl import threadpool_limits

# So long a thread that is in Python keeps the others out of it. At Python's own 5 ms, every step of
# an answer that comes back from waiting would wait for a turn of each ranking.
TURN_SECONDS = 0.0005


class Sharing:
    """Settings of the whole process while it serves, which end with `end`."""

    def __init__(self) -> None:
        self._turn_seconds = sys.getswitchinterval()
        self._products: threadpool_limits | None = None
        self._lock = threading.Lock()
        self._is_warm = self._has_ended = False
        sys.setswitchinterval(TURN_SECONDS)

    def imported(self) -> None:
        """Let a product of matrices run in the thread that asks for it; once NumPy is imported.

        More threads would wait for each other, and spin meanwhile on cores that others need.
        """
        with self._lock:
            if self._products is None and not self._has_ended:
                self._products = threadpool_limits(1, "blas")

    def warmed(self) -> None:
        """Leave what is there now out of the search for garbage; once everything is imported.

        It stays, and to go through it takes a tenth of a second, in which nothing is answered. What
        later releases bring is little, for their arrays hold no objects.
        """
        with self._lock:
            if not self._is_warm and not self._has_ended:
                gc.collect()
                gc.freeze()
            self._is_warm = True

    def end(self) -> None:
        """Leave the process as it was."""
        with self._lock:
            self._has_ended = True
            gc.unfreeze()
            if self._products is not None:
                self._products.restore_original_limits()
            sys.setswitchinterval(self._turn_seconds)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
