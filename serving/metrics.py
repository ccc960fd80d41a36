"""What can be watched: counters and times, for Prometheus."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The metrics of one process, and how to read those of all.

    Parameters
    ----------
    shared_folder : Path, optional
        Where several processes keep their numbers, so that any of them can show the sums. The
        environment named it to the Prometheus client before that was imported.
    """

    def __init__(self, shared_folder: Path | None = None) -> None:
        self._shared_folder = shared_folder
        self._registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self._registry, "namespace": "topshelf"}
        self.requests = Counter(
            "requests", "Answers, by route and status.", ["route", "status"], **own
        )
        self.seconds = Histogram(
            "request_seconds", "Time to answer, by route.", ["route"], buckets=SECONDS, **own
        )
        self.lists = Counter(
            "lists", "Lists, by what they were made from.", ["fallback", "release"], **own
        )
        self.degraded = Counter(
            "degraded", "Lists that lack something, by the reason.", ["reason"], **own
        )
        self.refused = Counter("refused", "Requests not admitted, by status.", ["status"], **own)
        self.events = Counter("events", "Events on disk, by where they came in.", ["way"], **own)
        self.impressions = Counter("impressions", "Shown items handed to the log.", [], **own)
        self.impressions_dropped = Counter(
            "impressions_dropped", "Shown items that no log holds.", ["reason"], **own
        )
        self.landing_failures = Counter(
            "landing_failures", "Writes to the landing log that failed.", ["stream"], **own
        )
        self.shadow = Counter(
            "shadow", "Requests that the shadow release repeated or not.", ["outcome"], **own
        )
        self.explored = Counter("explored", "Lists with an exploring item.", [], **own)
        self.rows_waiting = Gauge(
            "landing_rows_waiting",
            "Rows that are not on disk yet.",
            ["stream"],
            multiprocess_mode="livesum",
            **own,
        )

        # Finding a series takes the client longer than counting with it.
        self._requests = lru_cache(self.requests.labels)
        self._seconds = lru_cache(self.seconds.labels)
        self._lists = lru_cache(self.lists.labels)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count and time an answer."""
        self._requests(route, str(status)).inc()
        self._seconds(route).observe(seconds)

    def listed(self, fallback: str, release: str | None, degraded: Iterable[str]) -> None:
        """Count a list: what it was made from, and what it lacks."""
        self._lists(fallback, release or "none").inc()
        for reason in degraded:
            self.degraded.labels(reason).inc()

    def exposition(self) -> bytes:
        """Write the metrics of all processes down, in Prometheus' text format."""
        if self._shared_folder is None:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._shared_folder))
        return generate_latest(registry)
