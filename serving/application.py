"""What one process of the application holds open, and lets go of at its end."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from feature_repo.recent_events import RecentEvents
from feature_repo.recent_sqlite import SqliteRecentEvents
from serving.contracts import Status
from serving.landing import LandingLog
from serving.limits import RateLimiter
from serving.metrics import Metrics
from serving.settings import ServingSettings

LOG = logging.getLogger("topshelf.serving")
# Reads of the online store and rankings that may run at a time.
THREADS = 4


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

    def open(self) -> None:
        """Open the logs and the store."""
        self.events = LandingLog(self.settings.landing / "events", now=self.now)
        self.impressions = LandingLog(self.settings.landing / "impressions", now=self.now)
        self.recent = open_recent_events(
            self.settings.online_store,
            self.settings.recent_events,
            self.settings.project,
            self.settings.store_seconds,
        )
        self.pool = ThreadPoolExecutor(THREADS, "serving")

    def event_types(self) -> frozenset[str]:
        """Return the types of events that the log knows; none as long as no release tells."""
        return frozenset()

    def status(self) -> Status:
        """Return what is available."""
        return Status(status="ok")

    def watch(self) -> None:
        """Bring up to date what only changes by itself."""
        for log in (self.events, self.impressions):
            self.metrics.rows_waiting.labels(log.folder.name).set(log.rows_waiting)

    def close(self) -> None:
        """Write what waits to disk, and let go of everything."""
        self.events.close()
        self.impressions.close()
        self.pool.shutdown()
        self.recent.close()


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
