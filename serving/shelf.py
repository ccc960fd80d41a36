"""The releases that one process answers from, changed while requests run."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from serving.bundle import Bundle
from serving.bundle_files import releases_on_disk
from serving.journal import AliasWatch
from serving.opening import Opener
from serving.pointers import CANARY, LIVE, Pointers
from serving.taste import cutoff_of

LOG = logging.getLogger("topshelf.serving")
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Shelved:
    """What answers at one moment; replaced as a whole, so that no answer mixes two releases.

    Attributes
    ----------
    pointers : Pointers
        What the aliases point to.
    bundles : mapping of str to Bundle
        Open releases, by id; the one before the live one too, to step in for it. They are mapped:
        what nobody reads costs addresses, and next to no memory.
    last_good : str, optional
        The live release, or what was live before it if it cannot be opened.
    faults : tuple of str
        What could not be read, in words.
    """

    pointers: Pointers = field(default_factory=Pointers)
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    last_good: str | None = None
    faults: tuple[str, ...] = ()

    @cached_property
    def cutoff(self) -> datetime | None:
        """The latest moment that one of the releases was made for."""
        return max(map(cutoff_of, self.bundles.values()), default=None)

    @property
    def live(self) -> Bundle | None:
        """The release that answers whoever is not in the canary."""
        return self.bundles.get(self.last_good or "")

    def beside(self, bundle: Bundle) -> list[Bundle]:
        """Return the other open releases, the live one first and then the one before it."""
        ids = (self.last_good or "", self.pointers.previous or "", *sorted(self.bundles))
        opened = [self.bundles[one] for one in dict.fromkeys(ids) if one in self.bundles]
        return [one for one in opened if one is not bundle]

    def chosen(self, user_id: str) -> tuple[Bundle | None, str]:
        """Return the release that answers a user, and its alias: `live` or `canary`."""
        variant = self.pointers.variant_of(user_id)
        canary = self.bundles.get(self.pointers.release_of(CANARY) or "")
        if variant == CANARY and canary is not None:
            return canary, CANARY
        return self.live, LIVE


class Shelf:
    """Watches the aliases, and opens what they point to before any request needs it.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    warm : callable
        Called with a release before it answers, to have everything compiled and mapped.
    named : collection of str
        Releases that are open whatever the aliases point to.
    poll_seconds : float
        Between two looks.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        releases: Path,
        warm: Callable[[Bundle], None] = lambda _: None,
        named: Collection[str] = (),
        poll_seconds: float = POLL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._releases, self._poll_seconds = releases, poll_seconds
        self._named = sorted(named)
        self._watch = AliasWatch(releases)
        self._opener = Opener(releases, warm, clock)
        self._ending = threading.Event()
        self.has_looked = threading.Event()
        self.shelved = Shelved()
        self._thread = threading.Thread(target=self._work, name="shelf", daemon=True)

    def start(self) -> None:
        """Begin to watch; `has_looked` is set after the first look."""
        self._thread.start()

    def close(self) -> None:
        """End watching. Releases stay mapped as long as somebody reads them."""
        self._ending.set()
        self._thread.join()

    def look(self) -> None:
        """Look once, and change what answers if the aliases changed.

        What a rollback goes back to is opened last: nobody waits for it, and it is ready when the
        files of the live release are damaged under the eyes of who reads them.
        """
        self._replace(self._found(self.shelved))
        self.has_looked.set()
        self._replace(self._with_spare(self.shelved))

    def _found(self, before: Shelved) -> Shelved:
        """Open what the aliases point to."""
        told = self._watch.look(before.pointers)
        pointers, faults = told.pointers, [told.fault] if told.fault else []
        wanted = [pointers.live, pointers.release_of(CANARY), pointers.shadow, *self._named]
        bundles, more = self._opener.opened([one for one in wanted if one], before.bundles)
        faults += more
        last_good = pointers.live if pointers.live in bundles else before.last_good
        if pointers.live is None and not told.is_lost:
            last_good = None
        elif last_good is None:
            instead, more = self._stand_in(pointers, {**before.bundles, **bundles})
            bundles, faults = {**instead, **bundles}, [*faults, *more]
            last_good = next(iter(instead), None)
        if last_good != pointers.live:
            faults.append(_instead(pointers, last_good))
        spare = self._spare_of(pointers)
        if spare:
            faults += self._opener.known_faults(spare)
        for one in (last_good, spare):
            if one and one in before.bundles:
                bundles.setdefault(one, before.bundles[one])
        return Shelved(pointers, bundles, last_good, tuple(dict.fromkeys(faults)))

    def _stand_in(
        self, pointers: Pointers, opened: Mapping[str, Bundle]
    ) -> tuple[dict[str, Bundle], list[str]]:
        """Open one release that answers for the live one: that before it, or the newest there is.

        Whether the gates would let it go live nobody asks here: the others cannot be read.
        """
        faults: list[str] = []
        before = [pointers.previous] if pointers.previous else []
        for release_id in [*before, *self._found_first]:
            bundles, more = self._opener.opened([release_id], opened)
            faults += more
            if bundles:
                return bundles, faults
        return {}, faults

    @cached_property
    def _found_first(self) -> list[str]:
        """The releases that were there when one was needed first, newest first.

        What a run writes later is judged before it answers anybody.
        """
        return releases_on_disk(self._releases)

    def _with_spare(self, shelved: Shelved) -> Shelved:
        """Open what was live before as well."""
        spare = self._spare_of(shelved.pointers)
        if not spare or spare in shelved.bundles:
            return shelved
        bundles, faults = self._opener.opened([spare], shelved.bundles)
        return replace(
            shelved,
            bundles={**shelved.bundles, **bundles},
            faults=tuple(dict.fromkeys([*shelved.faults, *faults])),
        )

    def _spare_of(self, pointers: Pointers) -> str | None:
        """Return what was live before, unless it is gone: a rollback passes over it then."""
        spare = pointers.previous
        return spare if spare and (self._releases / spare).is_dir() else None

    def _replace(self, shelved: Shelved) -> None:
        before = self.shelved
        if shelved.faults != before.faults:
            for fault in shelved.faults:
                LOG.error("%s", fault)
        if shelved.last_good != before.last_good:
            LOG.info("the release %s answers", shelved.last_good)
        # What was worked out of the one that is there would have to be worked out again.
        if _told(shelved) != _told(before):
            self.shelved = shelved

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                self.look()
            # Whatever happens, what answers now goes on answering.
            except Exception:
                LOG.exception("the aliases could not be looked at")
            self.has_looked.set()
            self._ending.wait(self._poll_seconds)


def _told(shelved: Shelved) -> tuple[object, ...]:
    """Return what makes one different from another: a release that is open stays the same."""
    return shelved.pointers, shelved.last_good, shelved.faults, set(shelved.bundles)


def _instead(pointers: Pointers, last_good: str | None) -> str:
    """Say what answers for the live release."""
    if pointers.live:
        return f"{pointers.live} is live, and {last_good or 'nothing'} answers"
    return (
        f"no release is known to be live; {last_good} answers, the newest that is whole, until "
        "`topshelf promote RELEASE` makes one live"
    )
