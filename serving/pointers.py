"""Which release answers whom: a small file that is replaced as a whole, and read again and again.

Only commands and runs write it (`orchestration/releases/aliases.py`); every serving process watches
it, so a promotion or a rollback takes effect everywhere within the time between two looks.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.buckets import BUCKETS, bucket

ALIASES = "aliases.json"
# The journal of the aliases, beside them; `serving/journal.py` reads it where it must.
HISTORY = "history.jsonl"
FORMAT_VERSION = 1
LIVE, CANARY = "live", "canary"
# Of a file its number, when it was written, and its size: one that was replaced has another.
Stamp = tuple[int, int, int]


class PointersError(RuntimeError):
    """The file of the aliases cannot be understood; what was read before goes on being right."""


@dataclass(frozen=True)
class Canary:
    """A release that answers a share of the users.

    Attributes
    ----------
    release_id : str
        Which.
    percent : float
        Of the users, > 0 and <= 100, in steps of 0.01.
    salt : str
        Of the buckets: the same users as long as it stays the same.
    """

    release_id: str
    percent: float
    salt: str

    def has(self, user_id: str) -> bool:
        """Return whether the canary answers a user; `bucket` says the same in SQL."""
        return bucket(self.salt, user_id) < round(self.percent * BUCKETS / 100)


@dataclass(frozen=True)
class Pointers:
    """What the aliases point to; None where nothing has the alias.

    Attributes
    ----------
    version : int
        Grows by one with every change; 0 before the first.
    live : str, optional
        Answers everybody who is not in the canary.
    canary : Canary, optional
        Answers a share of the users.
    shadow : str, optional
        Is asked as well, off the path; nobody sees its answers.
    previous : str, optional
        Was live before; `topshelf rollback` goes back to it.
    """

    version: int = 0
    live: str | None = None
    canary: Canary | None = None
    shadow: str | None = None
    previous: str | None = None

    def variant_of(self, user_id: str) -> str:
        """Return which alias answers a user: `live` or `canary`."""
        return CANARY if self.canary and self.canary.has(user_id) else LIVE

    def release_of(self, variant: str) -> str | None:
        """Return the release of an alias."""
        if variant == CANARY:
            return self.canary.release_id if self.canary else None
        return getattr(self, variant)


def read_pointers(releases: Path) -> Pointers:
    """Read what the aliases of a log point to.

    Parameters
    ----------
    releases : Path
        The folder of the releases.

    Returns
    -------
    Pointers
        Without any alias if nothing was ever promoted.

    Raises
    ------
    PointersError
        If the file is there and cannot be understood.
    """
    path = releases / ALIASES
    try:
        return pointers_of(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Pointers()
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise PointersError(
            f"{path} cannot be read ({reason}); `topshelf releases --repair` writes it again"
        ) from error


def pointers_of(told: dict[str, Any]) -> Pointers:
    """Understand the content of the file.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is not what `pointers_json` makes.
    """
    if told["format_version"] != FORMAT_VERSION:
        raise ValueError(f"format {told['format_version']!r} is not {FORMAT_VERSION}")
    canary = told["canary"]
    return Pointers(
        version=int(told["version"]),
        live=told["live"],
        canary=None
        if canary is None
        else Canary(str(canary["release_id"]), float(canary["percent"]), str(canary["salt"])),
        shadow=told["shadow"],
        previous=told["previous"],
    )


class PointerWatch:
    """Looks whether the aliases changed, at the price of one `stat`.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    """

    def __init__(self, releases: Path) -> None:
        self._releases = releases
        self._stamp: Stamp | None = None
        self._seen = Pointers()

    def look(self) -> Pointers:
        """Return what the aliases point to now.

        Raises
        ------
        PointersError
            As `read_pointers`, at every look as long as it lasts.
        """
        stamp = stamp_of(self._releases / ALIASES)
        # A first look always reads.
        if stamp is None or stamp != self._stamp:
            self._seen = read_pointers(self._releases)
            self._stamp = stamp
        return self._seen


def stamp_of(path: Path) -> Stamp | None:
    """Return what changes when a file does; None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
