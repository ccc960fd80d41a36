"""Running the product's own jobs, and making a release live if the gates let it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from ml.ranker_choice import IMPRESSION_RANKER, RANKER
from orchestration.mapping import load_mapping
from orchestration.releases.aliases import read_history
from orchestration.releases.promotion import promote
from orchestration.releases.signature import Signature
from orchestration.reviewed import load_reviewed
from orchestration.settings import Settings
from serving.bundle_files import releases_on_disk
from serving.pointers import read_pointers

if TYPE_CHECKING:
    import dagster as dg

LEARNED = {
    RANKER: "the ranker taught by a time split",
    IMPRESSION_RANKER: "the ranker taught by impressions",
}
# What the lists were ordered by, and what else they could have been.
ORDERS = """
    select contender, ndcg_10, is_chosen, reason
    from ml.ranker_choices
    where role = 'serve'
    order by ndcg_10 desc nulls last, contender
"""
FIRST = "the first release: nothing else could answer"


class RunFailedError(RuntimeError):
    """The job did not succeed."""


@dataclass(frozen=True)
class Order:
    """What the lists of a run are ordered by.

    Attributes
    ----------
    chosen : str
        Of `ml.ranker_choices`: a ranker, by what taught it, or an order without learning.
    words : str
        What that is, and why.
    contenders : dict of str to float
        nDCG@10 of each on an earlier period, best first; without those that were not judged.
    """

    chosen: str
    words: str
    contenders: dict[str, float]


@dataclass(frozen=True)
class Refresh:
    """A run and its release.

    Attributes
    ----------
    day : int
        Of the demo, at whose midnight it ran.
    release_id : str
    is_promoted : bool
        Whether it answers now.
    refusals : tuple of str
        What the gates said against it.
    order : Order
    seconds : float
    """

    day: int
    release_id: str
    is_promoted: bool
    refusals: tuple[str, ...]
    order: Order
    seconds: float


def refresh(settings: Settings, day: int, report: Callable[[str], None]) -> Refresh:
    """Run the job `topshelf`, which promotes its release if the gates let it.

    Parameters
    ----------
    settings : Settings
        With the mapping of the day.
    day : int
        Of the demo.
    report : callable
        Told what is being done.

    Raises
    ------
    RunFailedError
        If a step or a check failed; what answered before goes on.
    """
    seconds = _run(settings, "topshelf", report)
    mapping = load_mapping(settings.mapping, settings.project_root)
    releases = settings.places(mapping.name).releases
    newest = releases_on_disk(releases)[0]
    refusals: tuple[str, ...] = ()
    if read_pointers(releases).live != newest:
        refusals = _refusals(settings, releases, newest)
    is_promoted = read_pointers(releases).live == newest
    order = order_of(settings.places(mapping.name).snapshot)
    return Refresh(day, newest, is_promoted, refusals, order, seconds)


def measure(settings: Settings, report: Callable[[str], None]) -> float:
    """Run the job `measure`: experiments until now, without learning; how many seconds it took.

    Parameters
    ----------
    settings : Settings
        With the mapping of the day.
    report : callable
        Told what is being done.

    Raises
    ------
    RunFailedError
        If a step or a check failed.
    """
    return _run(settings, "measure", report)


def order_of(snapshot: Path) -> Order:
    """Read what the lists of the last run are ordered by.

    Parameters
    ----------
    snapshot : Path
        What it published.
    """
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        rows = connection.execute(ORDERS).fetchall()
    contenders = {name: value for name, value, _, _ in rows if value is not None}
    ((chosen, reason),) = [(name, reason) for name, _, is_chosen, reason in rows if is_chosen]
    return Order(chosen, f"{LEARNED.get(chosen, chosen)}, {reason}", contenders)


def _run(settings: Settings, job: str, report: Callable[[str], None]) -> float:
    """Run a job to its end, and return how long it took."""
    # It takes seconds to load what the graph is made of.
    from orchestration.run_job import run_job

    steps = _Steps(report)
    run = run_job(settings, job, steps.start, steps.follow)
    if not run.is_success:
        raise RunFailedError("\n".join(steps.complaints) or f"the job {job!r} failed")
    return run.seconds


def _refusals(settings: Settings, releases: Path, release_id: str) -> tuple[str, ...]:
    """Return what the gates said against a release; make the very first one live all the same."""
    gates = [
        gate
        for change in read_history(releases)
        if change.action == "blocked" and change.release_id == release_id
        for gate in change.gates
    ]
    if read_pointers(releases).live is None:
        mapping = load_mapping(settings.mapping, settings.project_root)
        bounds = load_reviewed(mapping, settings.project_root).gates
        forced = Signature("demo", FIRST, datetime.now(UTC))
        promote(releases, release_id, bounds, forced, force=True)
    return tuple(f"{gate['name']}: {gate['message']}" for gate in gates)


class _Steps:
    """Tells which step of a run is under way, and keeps what went wrong."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self.complaints: list[str] = []
        self._report = report
        self._titles: dict[str, str] = {}
        self._done = 0

    def start(self, titles: dict[str, str]) -> None:
        self._titles = titles

    def follow(self, entry: "dg.EventLogEntry") -> None:
        from orchestration.terminal.failures import failed_check, failure_of

        check, failure = failed_check(entry), failure_of(entry)
        self.complaints += [check] if check else []
        self.complaints += [failure.cause] if failure else []
        event = entry.dagster_event
        if event is None or event.step_key not in self._titles:
            return
        if event.event_type_value == "STEP_START":
            self._done += 1
            title = self._titles[event.step_key]
            self._report(f"step {self._done} of {len(self._titles)}: {title}")
