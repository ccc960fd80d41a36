"""Asking the shadow release what it would have answered, after the answer was sent.

What both releases answered goes into the landing log `shadow`, a folder for a pair of releases and
a line for a request; runs and `topshelf releases --repair` make `ml.shadow_comparisons` of it.
Requests beyond what one thread can repeat are left out and counted: a sample says the same. So the
oldest requests of a pair go, too.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feature_repo.recent_events import RecentEvent
from serving.landing import LandingClosedError, LandingFullError, LandingLog
from serving.metrics import Metrics

if TYPE_CHECKING:
    from serving.bundle import Bundle
    from serving.entries import Entry
    from serving.ladder import Wish

LOG = logging.getLogger("topshelf.serving")
# Requests that wait for the shadow; each holds a few kilobytes.
WAITING = 500
# Of each list, from its top.
KEPT_ITEMS = 20
# Of a pair of releases: a request has about a kilobyte, so it is thrice what is compared.
KEPT_BYTES = 64 * 1024 * 1024
SEGMENT_BYTES = KEPT_BYTES // 8


@dataclass(frozen=True)
class ShadowRequest:
    """A request that was answered, and its answer.

    Attributes
    ----------
    request_id : str
    wish : Wish
    events : sequence of RecentEvent
        That the answer reflected.
    now : datetime
        The moment of the answer.
    live, shadow : Bundle
        What answered, and what is asked.
    entries : sequence of Entry
        The answer.
    """

    request_id: str
    wish: "Wish"
    events: Sequence[RecentEvent]
    now: datetime
    live: "Bundle"
    shadow: "Bundle"
    entries: "Sequence[Entry]"


class Shadow:
    """Repeats requests with the shadow release, in a thread of its own.

    Parameters
    ----------
    folder : Path
        Of the landing log `shadow`.
    metrics : Metrics
    now : callable
        The clock of the log.
    """

    def __init__(self, folder: Path, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._folder, self._metrics, self._now = folder, metrics, now
        self._log: LandingLog | None = None
        self._waiting: queue.Queue[ShadowRequest | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
        self._thread.start()

    def repeat(self, request: ShadowRequest) -> None:
        """Have a request repeated; never waits."""
        try:
            self._waiting.put_nowait(request)
        except queue.Full:
            self._metrics.shadow.labels("left_out").inc()

    def close(self) -> None:
        """Repeat what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (request := self._waiting.get()) is not None:
            try:
                self._log_of(request).append([compared(request)])
                self._metrics.shadow.labels("compared").inc()
            except (LandingFullError, LandingClosedError):
                self._metrics.shadow.labels("left_out").inc()
            # A shadow may fail in any way: nobody sees its answers.
            except Exception:
                LOG.exception("the shadow release %s failed", request.shadow.release_id)
                self._metrics.shadow.labels("failed").inc()
            # Held until the next one comes, it would keep its releases open.
            del request
        self._close_log()

    def _log_of(self, request: ShadowRequest) -> LandingLog:
        """Return the log of a pair of releases; it changes when an alias moves."""
        folder = self._folder / request.live.release_id / request.shadow.release_id
        if self._log is None or self._log.folder != folder:
            self._close_log()
            self._log = LandingLog(
                folder, segment_bytes=SEGMENT_BYTES, now=self._now, kept_bytes=KEPT_BYTES
            )
        return self._log

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
        self._log = None


def compared(request: ShadowRequest) -> dict[str, Any]:
    """Answer a request with the shadow release; return both answers as a line of the log."""
    from serving.ladder import listed

    entries = listed(request.shadow, request.wish, request.events, request.now).entries
    length = min(len(request.entries), KEPT_ITEMS)
    sides = {"live": (request.live, request.entries), "shadow": (request.shadow, entries)}
    row: dict[str, Any] = {
        "request_id": request.request_id,
        "answered_at": request.now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    for side, (bundle, found) in sides.items():
        row[f"{side}_release_id"] = bundle.release_id
        row[f"{side}_items"] = [bundle.item_ids[entry.item] for entry in found[:length]]
        row[f"{side}_scores"] = [
            None if entry.score is None else round(float(entry.score), 6)
            for entry in found[:length]
        ]
    return row
