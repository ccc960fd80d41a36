"""What one process of the application holds open, and lets go of at its end."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from feature_repo.recent_events import RecentEvents
from feature_repo.recent_sqlite import SqliteRecentEvents
from serving.bundle_files import releases_on_disk
from serving.contracts import Status
from serving.landing import LandingLog
from serving.limits import RateLimiter
from serving.metrics import Metrics
from serving.settings import ServingSettings
from serving.shadowing import Shadow
from serving.sharing import Sharing, cores
from serving.variant_counts import VariantRecorder, process_name

if TYPE_CHECKING:
    from serving.bundle import Bundle
    from serving.shelf import Shelf, Shelved

LOG = logging.getLogger("topshelf.serving")
# Most rankings that run at a time, and as many waits for the online store.
THREADS = 4
BREAK_SECONDS = 1.0
# For so long what was shown may wait to be written together.
GATHER_SECONDS = 0.05


class Application:
    """The parts of one process.

    Parameters
    ----------
    settings : ServingSettings
    now : callable
        The clock.
    """

    def __init__(
        self,
        settings: ServingSettings,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings, self.now = settings, now
        self.metrics = Metrics(settings.metrics_folder)
        self.limiter = RateLimiter(settings.limits.requests_per_second)
        self.store_breaker = Breaker(BREAK_SECONDS)

    def open(self) -> None:
        """Open the logs and the store, and begin to load the release."""
        self.sharing = Sharing()
        # Here, because it imports what takes seconds, and events need not wait for that.
        self._shelf: Shelf | None = None
        self._fault = ""
        self._loader = threading.Thread(target=self._load, name="loader", daemon=True)
        self._loader.start()
        self.events = LandingLog(self.settings.landing / "events", now=self.moment)
        # Each sync takes the time of a short answer, and nobody waits for these.
        self.impressions = LandingLog(
            self.settings.landing / "impressions", now=self.moment, gather_seconds=GATHER_SECONDS
        )
        self.shadow = Shadow(self.settings.landing / "shadow", self.metrics, self.moment)
        self.variants = VariantRecorder(self.settings.releases, process_name())
        self.recent = open_recent_events(
            self.settings.online_store,
            self.settings.recent_events,
            self.settings.project,
            self.settings.store_seconds,
        )
        # Apart, so that the store is not taken for slow while rankings wait for each other. Those
        # that come when all cores rank wait: all would be late if they shared them.
        self.ranking_threads = ThreadPoolExecutor(min(THREADS, cores()), "rankings")
        self.store_threads = ThreadPoolExecutor(THREADS, "store")

    @property
    def fault(self) -> str:
        """What keeps lists from ever being answered; empty as long as nothing does."""
        return self._fault

    @property
    def is_starting(self) -> bool:
        """Whether the releases were not looked at yet."""
        return self._shelf is None or not self._shelf.has_looked.is_set()

    def shelved(self) -> "Shelved | None":
        """Return the releases that answer now; None while starting."""
        return None if self._shelf is None or self.is_starting else self._shelf.shelved

    def moment(self) -> datetime:
        """Return the moment of the clock, or the cutoff of what answers if the clock is behind it.

        A release passes for knowing all that was known before its cutoff. What a slow clock put
        there would be in no list and in no micro-batch.
        """
        shelved, now = self.shelved(), self.now()
        return max(now, shelved.cutoff or now) if shelved else now

    def event_types(self) -> frozenset[str]:
        """Return the types of events that the log knows; none as long as no release tells."""
        shelved = self.shelved()
        bundle = shelved.live if shelved else None
        return frozenset(bundle.event_types) if bundle else frozenset()

    def status(self) -> Status:
        """Return what is available."""
        if self.fault:
            return Status(status="failed", degraded=[self.fault])
        shelved = self.shelved()
        if shelved is None:
            return Status(status="starting", degraded=["the release is being loaded"])
        faults = list(shelved.faults)
        if shelved.live is None:
            faults.append(_without_live(len(releases_on_disk(self.settings.releases))))
        if self.moment() > self.now():
            faults.append(
                f"the clock of this machine is behind the release, made for {self.moment()}"
            )
        if self.store_breaker.is_open:
            faults.append("the online store does not answer")
        release = shelved.live.release_id if shelved.live else None
        return Status(status="degraded" if faults else "ok", release=release, degraded=faults)

    def watch(self) -> None:
        """Bring up to date what only changes by itself."""
        for log in (self.events, self.impressions):
            self.metrics.rows_waiting.labels(log.folder.name).set(log.rows_waiting)

    def close(self) -> None:
        """Write what waits to disk, and let go of everything."""
        self._loader.join()
        if self._shelf:
            self._shelf.close()
        self.shadow.close()
        self.variants.flush()
        self.events.close()
        self.impressions.close()
        self.ranking_threads.shutdown()
        self.store_threads.shutdown()
        self.recent.close()
        self.sharing.end()

    def _load(self) -> None:
        try:
            self._shelf = self._watched()
        # Whatever it is: events are taken without lists, and who asks for these is told why.
        except Exception as error:
            self._fault = (
                f"what answers lists could not be loaded ({type(error).__name__}: {error}); start "
                "again once that is put right, and if it is a cache, name a folder that can be "
                "written to in NUMBA_CACHE_DIR"
            )
            LOG.exception("%s", self._fault)

    def _watched(self) -> "Shelf":
        """Import what answers lists, and begin to watch the releases."""
        from serving.shelf import Shelf
        from serving.warming import warm

        def ready(bundle: "Bundle") -> None:
            warm(bundle)
            self.sharing.warmed()

        self.sharing.imported()
        coming = [one for one in self.settings.experiments if one.ends_at > self.now()]
        named = frozenset[str]().union(*(one.named_releases for one in coming))
        shelf = Shelf(self.settings.releases, ready, named)
        shelf.start()
        return shelf


def _without_live(release_count: int) -> str:
    """Say what to do where nothing answers."""
    if not release_count:
        return "no release; `topshelf run` makes one"
    return (
        f"no release is live, of {release_count} on the disk; `topshelf releases` shows why, and "
        "`topshelf promote RELEASE` makes one live"
    )


class Breaker:
    """Remembers that something did not answer, so that not everybody waits for it.

    Parameters
    ----------
    seconds : float
        For which it is left alone.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = seconds, 0.0

    @property
    def is_open(self) -> bool:
        """Whether it should be left alone now."""
        return time.monotonic() < self._until

    def failed(self) -> None:
        """Leave it alone for a while."""
        self._until = time.monotonic() + self._seconds


def open_recent_events(url: str, file: Path, project: str, patience_seconds: float) -> RecentEvents:
    """Open the store of recent events: Redis where there is an address, else a file.

    Parameters
    ----------
    url : str
        Such as `redis://localhost:6379/0`, or empty.
    file : Path
        What is used then.
    project : str
        Feast's name for the feature store.
    patience_seconds : float
        How long the store is waited for.
    """
    if url:
        # Only who has a server needs its client.
        from feature_repo.recent_redis import RedisRecentEvents

        return RedisRecentEvents(url, project, patience_seconds)
    return SqliteRecentEvents(file, patience_seconds)
