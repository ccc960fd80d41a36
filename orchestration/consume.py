"""Carrying events from a Redis stream into the landing log."""

import logging
import time

from orchestration.serve import usable_settings
from orchestration.settings import Settings
from serving.application import open_recent_events
from serving.consuming import Consumer, RedisStream
from serving.landing import LandingLog

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
    events = LandingLog(chosen.landing / "events")
    rejected = LandingLog(chosen.landing / "rejected")
    recent = open_recent_events(
        chosen.online_store, chosen.recent_events, chosen.project, chosen.store_seconds
    )
    consumer = Consumer(stream, events, rejected, recent)
    try:
        while True:
            try:
                counts = consumer.step()
            except OSError as error:
                LOG.warning("%s; trying again", error)
                time.sleep(PAUSE_SECONDS)
            else:
                if counts.rejected:
                    LOG.warning(
                        "%s messages are no events; see %s", counts.rejected, rejected.folder
                    )
    except KeyboardInterrupt:
        return 0
    finally:
        events.close()
        rejected.close()
        recent.close()
        stream.close()
