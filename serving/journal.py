"""Which release answers whom while the file of the aliases cannot be read, and what was written.

Commands and runs write every change into a journal before they replace the file
(`orchestration/releases/aliases.py`): its last line holds all aliases as they should be. Runs note
in it each release that was written, too.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from serving.pointers import (
    ALIASES,
    HISTORY,
    Pointers,
    PointersError,
    PointerWatch,
    Stamp,
    pointers_of,
    stamp_of,
)

NOTHING = Pointers()


@dataclass(frozen=True)
class Told:
    """What the aliases point to, and how that is known.

    Attributes
    ----------
    pointers : Pointers
    fault : str, optional
        Why their file does not say it, and what says it instead.
    is_lost : bool
        Whether nothing says what is live; so it is too where nothing was ever promoted.
    """

    pointers: Pointers
    fault: str | None = None
    is_lost: bool = False


class AliasWatch:
    """Looks at the file of the aliases, and at their journal where the file says nothing.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    """

    def __init__(self, releases: Path) -> None:
        self._releases = releases
        self._file = PointerWatch(releases)
        self._stamp: Stamp | None = None
        self._journalled: Pointers | None = None

    def look(self, before: Pointers = NOTHING) -> Told:
        """Return what the aliases point to now; the file is right as soon as it can be read.

        Parameters
        ----------
        before : Pointers
            What an earlier look found. It holds as long as neither the file nor the journal can
            be read, or only lines of the journal that are older.
        """
        try:
            found = self._file.look()
            fault = f"{self._releases / ALIASES} is missing; `topshelf releases --repair` writes it"
        except PointersError as error:
            found, fault = NOTHING, str(error)
        if found != NOTHING:
            return Told(found)
        journalled = self._journal()
        if journalled is not None and journalled.version >= before.version:
            # Without any alias there is no file: nothing was promoted yet.
            is_missed = journalled != NOTHING or (self._releases / ALIASES).exists()
            fault += f"; until then the last line of {HISTORY} that can be read says what is live"
            return Told(journalled, fault if is_missed else None)
        if before != NOTHING:
            return Told(before, f"{fault}; until then what was read before says what is live")
        return Told(NOTHING, self._unreadable(), is_lost=True)

    def _unreadable(self) -> str | None:
        """Say which of the two files are there, and of no use."""
        found = [name for name in (ALIASES, HISTORY) if (self._releases / name).exists()]
        if not found:
            return None
        return (
            f"what {' and '.join(found)} of {self._releases} say cannot be read; move them away, "
            "and `topshelf promote RELEASE` writes them again"
        )

    def _journal(self) -> Pointers | None:
        """Read the journal, unless it is as it was."""
        stamp = stamp_of(self._releases / HISTORY)
        if stamp is None or stamp != self._stamp:
            self._journalled = journalled_pointers(self._releases)
            self._stamp = stamp
        return self._journalled


def journalled_pointers(releases: Path) -> Pointers | None:
    """Return the aliases after the last change that the journal has.

    Parameters
    ----------
    releases : Path
        The folder of the releases.

    Returns
    -------
    Pointers or None
        As of the last line that can be read: a damaged one costs its change, and not those before
        it. None if there is no such line.
    """
    for line in reversed(_lines(releases)):
        try:
            return pointers_of(json.loads(line)["pointers"])
        except (ValueError, TypeError, KeyError):
            continue
    return None


def noted_builds(releases: Path) -> list[str]:
    """Return the releases that runs noted in the journal, first written first; many are gone.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    """
    names = []
    for line in _lines(releases):
        try:
            change = json.loads(line)
            if change["action"] == "build":
                names.append(str(change["release_id"]))
        except (ValueError, TypeError, KeyError):
            continue
    return names


def _lines(releases: Path) -> list[bytes]:
    """Read the journal; what follows the last line feed was not written to its end."""
    try:
        return (releases / HISTORY).read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
