"""Opening releases, each once, and remembering which could not be opened."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.bundle import Bundle
from serving.bundle_files import BundleError

LOG = logging.getLogger("topshelf.serving")
# For so long a release is left alone that could not be opened, though its files may be whole.
FAULT_SECONDS = 60.0
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


class Opener:
    """Opens releases of one folder, and does not look for the same damage again and again.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    warm : callable
        Called with a release before it answers, to have everything compiled and mapped.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        releases: Path,
        warm: Callable[[Bundle], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._releases, self._warm, self._clock = releases, warm, clock
        self._faulty: dict[str, Fault] = {}

    def opened(
        self, wanted: Iterable[str], before: Mapping[str, Bundle]
    ) -> tuple[dict[str, Bundle], list[str]]:
        """Open releases; say which could not be.

        Parameters
        ----------
        wanted : iterable of str
            Their ids.
        before : mapping of str to Bundle
            What is open already, and costs nothing.
        """
        bundles: dict[str, Bundle] = {}
        faults = []
        for release_id in dict.fromkeys(wanted):
            bundle = before.get(release_id) or self._tried(release_id)
            if bundle is not None:
                bundles[release_id] = bundle
            else:
                faults.append(self._faulty[release_id].words)
        return bundles, faults

    def known_faults(self, release_id: str) -> list[str]:
        """Return what was wrong with a release when it was tried last; nothing if nothing was."""
        return [self._faulty[release_id].words] if release_id in self._faulty else []

    def _tried(self, release_id: str) -> Bundle | None:
        """Open a release, or remember why it cannot be opened."""
        files, now = _files(self._releases / release_id), self._clock()
        known = self._faulty.get(release_id)
        # All its files may have to be read to find the damage: once, until they change.
        if known and known.files == files and now < known.until:
            return None
        try:
            bundle = Bundle.open(self._releases / release_id)
            self._warm(bundle)
        # A damaged release may fail in any way; the one before it goes on answering.
        except Exception as error:
            if not isinstance(error, BundleError):
                LOG.exception("the release %s cannot be used", release_id)
            until = math.inf if _is_damage(error) else now + FAULT_SECONDS
            self._faulty[release_id] = Fault(files, f"release {release_id}: {error}", until)
            return None
        self._faulty.pop(release_id, None)
        return bundle


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
