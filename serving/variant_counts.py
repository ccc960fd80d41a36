"""What becomes of the requests that a canary answers, beside those that the live release answers.

Each serving process keeps its counts in a file of its own, replaced as a whole every second;
whoever watches the canary (`orchestration/releases/guard.py`) adds them up. Counts belong to one
version of the aliases: they begin anew when an alias moves.
"""

import json
import os
import threading
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from ml.variants import VariantCounts
from serving.pointers import CANARY, LIVE

FOLDER = "variant_counts"
# A canary has no more than this share of slow answers beyond what is live, see `GuardLimits`.
SLOW_SECONDS = 0.1
WRITE_SECONDS = 1.0
MOST_USERS = 100_000


class VariantRecorder:
    """Counts of one process; may be used by all of its threads.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    process : str
        A name that no other process has now, such as its number.
    slow_seconds : float
        A request that took longer counts as slow.
    """

    def __init__(self, releases: Path, process: str, slow_seconds: float = SLOW_SECONDS) -> None:
        self._path = releases / FOLDER / f"{process}.json"
        self._slow_seconds = slow_seconds
        self._lock = threading.Lock()
        self._version = -1
        self._counts: dict[str, dict[str, int]] = {}
        # Who asked under this version, and what answers them; None once they turned to something.
        self._users: dict[str, str | None] = {}
        self._written = float("-inf")

    def answered(
        self, version: int, variant: str, user_id: str, seconds: float, *, is_error: bool
    ) -> None:
        """Count a request.

        Parameters
        ----------
        version : int
            Of the aliases that the request was answered by.
        variant : str
            `live` or `canary`: which alias has the user, whatever answered in the end.
        user_id : str
            Whose next event shows whether the answer was of use.
        seconds : float
            That it took.
        is_error : bool
            Whether it failed, or was answered by something else than the release of the alias.
        """
        with self._lock:
            self._begin(version)
            counts = self._counts[variant]
            counts["requests"] += 1
            counts["errors"] += is_error
            counts["slow"] += seconds > self._slow_seconds
            if user_id not in self._users:
                counts["users"] += 1
                self._users[user_id] = variant
                # Those who asked first are forgotten; who of them comes again is counted again.
                while len(self._users) > MOST_USERS:
                    del self._users[next(iter(self._users))]
        self._write_now_and_then()

    def engaged(self, user_id: str) -> None:
        """Count that a user turned to something after an answer; once for each user."""
        with self._lock:
            variant = self._users.get(user_id)
            if variant is not None:
                self._counts[variant]["engaged"] += 1
                self._users[user_id] = None
        self._write_now_and_then()

    def flush(self) -> None:
        """Write the counts down, if there are any."""
        with self._lock:
            if self._version < 0:
                return
            told = {"version": self._version, "variants": self._counts}
            data = json.dumps(told)
            self._written = monotonic()
            unfinished = self._path.with_name(f"{self._path.name}.unfinished")
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                unfinished.write_text(data, encoding="utf-8")
                unfinished.replace(self._path)
            except OSError:
                # No answer waits for its count; the next write tries again.
                unfinished.unlink(missing_ok=True)

    def _begin(self, version: int) -> None:
        if version > self._version:
            self._version = version
            self._counts = {name: asdict(VariantCounts()) for name in (LIVE, CANARY)}
            self._users = {}

    def _write_now_and_then(self) -> None:
        if monotonic() - self._written >= WRITE_SECONDS:
            self.flush()


def read_variant_counts(releases: Path, version: int) -> dict[str, VariantCounts]:
    """Add up what the serving processes counted under one version of the aliases.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    version : int
        Of the aliases; files of another one, and damaged ones, are left out.

    Returns
    -------
    dict of str to VariantCounts
        For `live` and `canary`.
    """
    sums = {name: dict.fromkeys(asdict(VariantCounts()), 0) for name in (LIVE, CANARY)}
    for path in sorted((releases / FOLDER).glob("*.json")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            if told["version"] != version:
                continue
            found = {name: VariantCounts(**told["variants"][name]) for name in sums}
        except (OSError, ValueError, TypeError, KeyError):
            continue
        for name, counts in found.items():
            for column, value in asdict(counts).items():
                sums[name][column] += value
    return {name: VariantCounts(**counts) for name, counts in sums.items()}


def process_name() -> str:
    """Return a name for this process."""
    return f"{os.uname().nodename}-{os.getpid()}"
