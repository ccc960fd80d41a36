"""Carrying events from a Redis stream into the landing log."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from orchestration.serve import usable_settings
from orchestration.settings import Settings
from serving.application import open_recent_events
from serving.bundle_files import BundleError, read_manifest
from serving.consuming import Consumer, RedisStream
from serving.landing import LandingLog
from serving.pointers import PointersError, read_pointers
from serving.taste import moment_of

LOG = logging.getLogger("topshelf.consuming")
PAUSE_SECONDS = 1.0


def consume_in_terminal(settings: Settings, stream: RedisStream) -> int:
    """Carry events until told to stop.

    Parameters
    ----------
    settings : Settings
    stream : RedisStream

    Returns
    -------
    int
        Exit code.
    """
    chosen = usable_settings(settings)
    if chosen is None:
        return 1
    moment = partial(landing_moment, chosen.releases)
    events = LandingLog(chosen.landing / "events", now=moment)
    rejected = LandingLog(chosen.landing / "rejected", now=moment)
    recent = open_recent_events(
        chosen.online_store, chosen.recent_events, chosen.project, chosen.store_seconds
    )
    consumer = Consumer(stream, events, rejected, recent, moment)
    try:
        with told_to_stop() as stop:
            while not stop.is_set():
                try:
                    counts = consumer.step()
                except OSError as error:
                    LOG.warning("%s; trying again", error)
                    stop.wait(PAUSE_SECONDS)
                else:
                    if counts.rejected:
                        LOG.warning(
                            "%s messages are no events; see %s", counts.rejected, rejected.folder
                        )
    finally:
        events.close()
        rejected.close()
        recent.close()
        stream.close()
    return 0


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Give what is set when somebody presses Ctrl-C or ends the process.

    An exception that is raised wherever the program is then could be lost in a library, or leave a
    step half done.
    """
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def landing_moment(releases: Path) -> datetime:
    """Return the moment of the clock, or the cutoff of the live release if the clock is behind it.

    As `Application.moment`, for who has no release open.
    """
    now = datetime.now(UTC)
    try:
        live = read_pointers(releases).live
        return max(now, moment_of(read_manifest(releases / live))) if live else now
    # Events are taken whatever state the releases are in.
    except (PointersError, BundleError):
        return now
