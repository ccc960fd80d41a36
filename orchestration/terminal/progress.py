"""Following a run, step by step."""

import logging
import time

import dagster as dg
from rich.console import Console
from rich.status import Status
from rich.text import Text

from orchestration.row_counts import BUILT
from orchestration.stopwatch import SECONDS
from orchestration.terminal.failures import Failure, failed_check, failure_of

# What dagster-dbt says of a test that spans two runs of dbt: it ran, and its failure stops the run,
# but Dagster's pages have no check of that name.
ONLY_OBSERVED = "Logging an `AssetObservation`"


class Progress:
    """Prints a line when a step ends, and says meanwhile what is being done.

    Parameters
    ----------
    console : Console
        Where to.

    Attributes
    ----------
    step_seconds, model_seconds : dict of str to float
        How long each finished step took; and within them each model of dbt, fitting and proposing
        of the factorisation (`factorisations`, `candidates`), teaching the ranker and ranking
        (`ranker_choices`, `ranked_candidates`).
    """

    def __init__(self, console: Console) -> None:
        self.failures: list[Failure] = []
        self.failed_checks: list[str] = []
        self.step_seconds: dict[str, float] = {}
        self.model_seconds: dict[str, float] = {}
        self._console = console
        self._status = Status("Loading the graph ...", console=console)
        self._titles: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._row_counts: dict[str, list[int]] = {}
        self._done = 0

    def __enter__(self) -> "Progress":
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def start(self, titles: dict[str, str]) -> None:
        """Take the steps that will run: key to what the step does."""
        self._titles = titles

    def follow(self, entry: dg.EventLogEntry) -> None:
        """Take one event of the run."""
        is_warning = entry.level == logging.WARNING and entry.step_key and not entry.dagster_event
        if is_warning and not entry.user_message.startswith(ONLY_OBSERVED):
            self._console.print(f"        ! {entry.user_message}", style="yellow")
        failure, check = failure_of(entry), failed_check(entry)
        # At its end, a run reports the failure of its step once more.
        self.failures += [failure] if failure and not self.failures else []
        self.failed_checks += [check] if check else []
        event = entry.dagster_event
        if event is None and entry.user_message.startswith(BUILT):
            self._say(str(entry.step_key), entry.user_message.removeprefix(BUILT))
        if event is None or event.step_key not in self._titles:
            return
        if event.event_type == dg.DagsterEventType.STEP_START:
            self._start_step(event.step_key)
        elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
            self._end_step(event.step_key, Text("done", style="green"))
        elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
            self._end_step(event.step_key, Text("failed", style="red"))
        elif event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY:
            self._say(event.step_key, "failed; it will be tried again")
        elif event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            self._count(event)
        elif "blocked by limit for pool" in (event.message or ""):
            self._say(event.step_key, "waiting for another run to let go of the warehouse")

    def _start_step(self, step: str) -> None:
        self._began[step] = time.monotonic()
        self._row_counts[step] = []
        self._say(step, "")

    def _end_step(self, step: str, outcome: Text) -> None:
        self._done += 1
        seconds = time.monotonic() - self._began.get(step, time.monotonic())
        self.step_seconds[step] = round(seconds, 3)
        counts = self._row_counts.get(step, [])
        rows = f", {counts[0]:,} rows" if len(counts) == 1 else ""
        place = f"[{self._done:>2}/{len(self._titles)}]"
        took = (f"{seconds:.0f} s{rows},", "dim")
        self._console.print(Text.assemble(f"{place} {self._titles[step]} ", took, " ", outcome))

    def _count(self, event: dg.DagsterEvent) -> None:
        materialization = event.step_materialization_data.materialization
        count = materialization.metadata.get("dagster/row_count")
        if count is not None and isinstance(count.value, int):
            self._row_counts[str(event.step_key)].append(count.value)
        seconds = materialization.metadata.get(SECONDS)
        if seconds is not None and isinstance(seconds.value, float):
            self.model_seconds[materialization.asset_key.path[-1]] = round(seconds.value, 3)
        self._say(str(event.step_key), ".".join(materialization.asset_key.path))

    def _say(self, step: str, detail: str) -> None:
        # A status takes a string for markup, whatever its console does.
        self._status.update(Text.assemble(f"{self._titles[step]} ", (detail, "dim")))
