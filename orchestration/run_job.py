"""Running a job of the graph in this process, as a run that Dagster's pages show."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from orchestration.definitions import build_definitions
from orchestration.instance import COMMAND_LINE, open_instance
from orchestration.mapping import load_mapping
from orchestration.run_lock import only_run
from orchestration.settings import Settings

# Its events go to the listener; Dagster's own lines in the terminal would drown it.
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

Listener = Callable[[dg.EventLogEntry], None]


@dataclass(frozen=True)
class JobRun:
    """A run that has ended.

    Attributes
    ----------
    run_id : str
        As in Dagster's pages.
    is_success : bool
        Whether every step and every blocking check passed.
    seconds : float
        From the first step to the last.
    """

    run_id: str
    is_success: bool
    seconds: float


def run_job(
    settings: Settings,
    name: str,
    on_start: Callable[[dict[str, str]], None],
    listener: Listener,
    run_config: dict[str, Any] | None = None,
) -> JobRun:
    """Run a job to its end.

    Parameters
    ----------
    settings : Settings
        The log and the places.
    name : str
        Of the job.
    on_start : callable
        Gets the steps, once: key to what the step does. Checks are not among them.
    listener : callable
        Gets every event of the run as it happens, in this thread.
    run_config : dict, optional
        Choices for this run, as Dagster's launchpad takes them.

    Raises
    ------
    LogInUseError
        If another process is running on the same log.
    """
    job = build_definitions(settings).resolve_job_def(name)
    run_id = str(uuid.uuid4())
    mapping = load_mapping(settings.mapping, settings.project_root)
    with (
        open_instance(settings) as instance,
        only_run(settings.places(mapping.name).home, run_id),
    ):
        instance.add_event_listener(run_id, listener)
        # Checks have no description of their own.
        on_start(
            {
                node.name: node.definition.description or ""
                for node in job.nodes
                if node.definition.description
            }
        )
        began = time.monotonic()
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            run_config={**SILENT, **(run_config or {})},
            tags=COMMAND_LINE,
        )
        return JobRun(run_id, result.success, time.monotonic() - began)
