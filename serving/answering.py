"""From a request to a list, whatever is missing."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feature_repo.recent_events import RecentEvent, UnreadableEventsError
from serving.application import LOG, Application

if TYPE_CHECKING:
    from serving.bundle import Bundle
    from serving.ladder import Listing, Wish


@dataclass
class Course:
    """How one answer came about; filled while it does.

    Attributes
    ----------
    degraded : list of str
        What was not available, each once: `store`, `events`, `slow`, `failed` and
        `release`.
    damaged : set of str
        Releases that could not be read, by id.
    timings : dict of str to float
        Milliseconds, by part.
    """

    degraded: list[str] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    timings: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.perf_counter)

    def lacked(self, what: str) -> None:
        """Note that something was not available."""
        if what not in self.degraded:
            self.degraded.append(what)

    def was_damaged(self, bundle: "Bundle") -> None:
        """Note that a release cannot be read; called while its error is handled."""
        LOG.exception("the release %s cannot be read", bundle.release_id)
        self.damaged.add(bundle.release_id)
        self.lacked("release")

    def took(self, part: str, since: float) -> None:
        """Note how long a part took."""
        self.timings[part] = round((time.perf_counter() - since) * 1000, 3)

    def finished(self) -> dict[str, float]:
        """Return all times, with the total."""
        self.took("total", self._start)
        return self.timings


async def recent_events(parts: Application, user_id: str, course: Course) -> list[RecentEvent]:
    """Read what a user did lately; nothing if the store does not answer in its time.

    Nor if what it holds of this user cannot be read, which says nothing about the others.
    """
    if parts.store_breaker.is_open:
        course.lacked("store")
        return []
    start = time.perf_counter()
    try:
        found = parts.recent.read_at_once(user_id)
        if found is not None:
            return found
        # Whoever holds the store holds up this answer, and no other.
        loop = asyncio.get_running_loop()
        reading = loop.run_in_executor(parts.store_threads, parts.recent.read, user_id)
        return await asyncio.wait_for(reading, parts.settings.store_seconds)
    except UnreadableEventsError:
        course.lacked("events")
        return []
    except (OSError, TimeoutError) as error:
        LOG.warning("the online store does not answer: %s", error)
        parts.store_breaker.failed()
        course.lacked("store")
        return []
    finally:
        course.took("store", start)


async def list_for(
    parts: Application,
    bundle: "Bundle",
    wish: "Wish",
    events: Sequence[RecentEvent],
    now: datetime,
    course: Course,
) -> "Listing":
    """Find a list; one with its published order if ranking takes too long, or fails."""
    from serving.ladder import Listing, listed

    start = time.perf_counter()
    try:
        if events:
            loop = asyncio.get_running_loop()
            ranking = loop.run_in_executor(parts.ranking_threads, listed, bundle, wish, events, now)
            try:
                return await asyncio.wait_for(ranking, parts.settings.rank_seconds)
            except TimeoutError:
                course.lacked("slow")
            except Exception:
                LOG.exception("ranking failed")
                course.lacked("failed")
        # What was just bought or refused does not come back for want of a ranking.
        if events:
            wish = replace(wish, unranked=(*wish.unranked, *events))
        return listed(bundle, wish, [], now)
    # The file was damaged after it had been verified; the caller knows what else there is.
    except Exception:
        course.was_damaged(bundle)
        return Listing()
    finally:
        course.took("rank", start)
