"""Ending a canary that does harm, without anybody looking."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ml.guardrails import Breach, GuardLimits, judge_canary
from orchestration.releases.aliases import holding_aliases, mend, record_change, trail_of
from orchestration.releases.changes import Change, without_canary
from orchestration.releases.signature import Signature
from serving.journal import AliasWatch
from serving.pointers import CANARY, LIVE, Pointers
from serving.variant_counts import read_variant_counts

GUARD = "canary guard"
LOOK_SECONDS = 5.0
LOG = logging.getLogger("topshelf.releases")


def guard_canary(releases: Path, limits: GuardLimits, now: datetime) -> Change | None:
    """Look at the counts of the serving processes, and end the canary if it is beyond a limit.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    limits : GuardLimits
        How much worse than the live release it may be.
    now : datetime
        The moment, with a time zone.

    Returns
    -------
    Change or None
        The end of the canary, with the reason; None if there is no canary, or nothing to say.
    """
    # As the serving processes have them: whom they answer by the journal must be watched too.
    pointers = AliasWatch(releases).look().pointers
    if pointers.canary is None:
        return None
    counts = read_variant_counts(releases, pointers.version)
    breaches = judge_canary(counts[LIVE], counts[CANARY], limits)
    return end_harmful_canary(releases, pointers, breaches, now) if breaches else None


def end_harmful_canary(
    releases: Path,
    judged: Pointers,
    breaches: list[Breach],
    now: datetime,
) -> Change | None:
    """Take the alias from the canary, unless somebody moved an alias since it was judged."""
    signature = Signature(GUARD, "; ".join(breach.message for breach in breaches), now)
    with holding_aliases(releases):
        before, trail = mend(releases), trail_of(releases)
        if before != judged or before.canary is None:
            return None
        name = before.canary.release_id
        change = signature.change("end_canary", name, without_canary(before), trail)
        record_change(releases, change)
        return change


@contextmanager
def guarding_canary(
    releases: Path, limits: GuardLimits, look_seconds: float = LOOK_SECONDS
) -> Iterator[None]:
    """Look after the canary in a thread of its own for the length of a `with` block.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    limits : GuardLimits
        How much worse than the live release the canary may be.
    look_seconds : float
        Between two looks, > 0.
    """
    ending = threading.Event()

    def work() -> None:
        while not ending.wait(look_seconds):
            try:
                change = guard_canary(releases, limits, datetime.now(UTC))
                if change is not None:
                    LOG.error("canary %s ended: %s", change.release_id, change.reason)
            # A guard that dies of one bad look would leave the next canary alone.
            except Exception:
                LOG.exception("the canary could not be judged")

    thread = threading.Thread(target=work, name="canary guard", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
