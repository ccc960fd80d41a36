"""How late the event loop is: what a request has waited before anything was done for it."""

import asyncio

TICK_SECONDS = 0.02


class LoopDelay:
    """A clock in the event loop that is late when the loop is.

    Requests that are answered without waiting for anything never run at the same time, however
    many there are: they queue in the loop, where only its delay shows them.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = 0.0

    def seconds(self) -> float:
        """Return how long the running loop has been overdue; less than a tick does not count."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._tick()
        return max(0.0, loop.time() - self._due)

    def _tick(self) -> None:
        if self._loop is not None:
            self._due = self._loop.time() + TICK_SECONDS
            self._loop.call_later(TICK_SECONDS, self._tick)
