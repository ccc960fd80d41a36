"""The releases that one process answers from, changed while requests run."""

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from serving.bundle import Bundle
from serving.bundle_files import BundleError
from serving.pointers import CANARY, LIVE, Pointers, PointersError, PointerWatch
from serving.taste import cutoff_of

LOG = logging.getLogger("topshelf.serving")
POLL_SECONDS = 0.5
# For so long a release is left alone that could not be opened, though its files may be whole.
FAULT_SECONDS = 60.0


@dataclass(frozen=True)
class Shelved:
    """What answers at one moment; replaced as a whole, so that no answer mixes two releases.

    Attributes
    ----------
    pointers : Pointers
        What the aliases point to.
    bundles : mapping of str to Bundle
        Open releases, by id.
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


# Of each file its name, its size, when it was written, and when anything about it changed.
Files = frozenset[tuple[str, int, int, int]]


@dataclass(frozen=True)
class Fault:
    """Why a release could not be opened.

    Attributes
    ----------
    files : frozenset
        The files that it had.
    words : str
        What was wrong.
    until : float
        Moment of the clock until which it is left alone while these are its files.
    """

    files: Files
    words: str
    until: float


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
        self._releases, self._warm, self._poll_seconds = releases, warm, poll_seconds
        self._named = sorted(named)
        self._watch = PointerWatch(releases)
        self._clock = clock
        self._faulty: dict[str, Fault] = {}
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
        """Look once, and change what answers if the aliases changed."""
        before = self.shelved
        try:
            pointers = self._watch.look()
        except PointersError as error:
            self._replace(Shelved(before.pointers, before.bundles, before.last_good, (str(error),)))
            return
        wanted = [pointers.live, pointers.release_of(CANARY), pointers.shadow, *self._named]
        if pointers == before.pointers and all(one in before.bundles for one in wanted if one):
            if before.faults:
                self._replace(Shelved(pointers, before.bundles, before.last_good))
            return
        bundles, faults = self._opened([one for one in wanted if one], before)
        last_good = pointers.live if pointers.live in bundles else before.last_good
        if pointers.live and last_good is None and pointers.previous:
            more, further = self._opened([pointers.previous], before)
            bundles, faults = {**bundles, **more}, [*faults, *further]
            last_good = pointers.previous if more else None
        if last_good and last_good not in bundles and last_good in before.bundles:
            bundles[last_good] = before.bundles[last_good]
        self._replace(Shelved(pointers, bundles, last_good, tuple(faults)))

    def _opened(self, wanted: list[str], before: Shelved) -> tuple[dict[str, Bundle], list[str]]:
        """Open releases, those that are open already at no cost; say which could not be."""
        bundles: dict[str, Bundle] = {}
        faults = []
        for release_id in wanted:
            files, now = _files(self._releases / release_id), self._clock()
            known = self._faulty.get(release_id)
            # All its files may have to be read to find the damage: once, until they change.
            is_open = release_id in before.bundles
            if known and known.files == files and now < known.until and not is_open:
                faults.append(known.words)
                continue
            try:
                bundle = before.bundles.get(release_id)
                if bundle is None:
                    bundle = Bundle.open(self._releases / release_id)
                    self._warm(bundle)
                bundles[release_id] = bundle
            # A damaged release may fail in any way; the one before it goes on answering.
            except Exception as error:
                if not isinstance(error, BundleError):
                    LOG.exception("the release %s cannot be used", release_id)
                faults.append(f"release {release_id}: {error}")
                until = math.inf if _is_damage(error) else now + FAULT_SECONDS
                self._faulty[release_id] = Fault(files, faults[-1], until)
        return bundles, faults

    def _replace(self, shelved: Shelved) -> None:
        if shelved.faults != self.shelved.faults:
            for fault in shelved.faults:
                LOG.error("%s", fault)
        if shelved.last_good != self.shelved.last_good:
            LOG.info("the release %s answers", shelved.last_good)
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


def _files(folder: Path) -> Files:
    """Say which files a release has; none if its folder cannot be read."""
    try:
        stats = [(path, path.stat()) for path in folder.rglob("*")]
    except OSError:
        return frozenset()
    return frozenset(
        (str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in stats
    )


def _is_damage(error: Exception) -> bool:
    """Tell whether the files are to blame, and not what the machine lacked when they were read."""
    cause = error.__cause__
    is_read = not isinstance(cause, OSError) or isinstance(cause, FileNotFoundError)
    return isinstance(error, BundleError) and is_read
