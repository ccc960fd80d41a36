"""Running a job in the terminal: progress while it goes, and why it failed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console

from orchestration.mapping import Mapping, MappingError, load_mapping
from orchestration.run_lock import LogInUseError
from orchestration.settings import Settings
from orchestration.terminal.answers import complain
from orchestration.terminal.progress import Progress
from orchestration.terminal.streams import own_terminal

if TYPE_CHECKING:
    import dagster as dg

STOPPED = 130


@dataclass(frozen=True)
class Ended:
    """A job that came to its end and did all that it should.

    Attributes
    ----------
    mapping : Mapping
        Of the log.
    run_id : str
        As in Dagster's pages.
    seconds : float
        From the first step to the last.
    progress : Progress
        What it followed.
    """

    mapping: Mapping
    run_id: str
    seconds: float
    progress: Progress


class JobFailedError(RuntimeError):
    """The job did not do what it should, and the terminal says why.

    Attributes
    ----------
    exit_code : int
        Of the command.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"exit code {exit_code}")
        self.exit_code = exit_code


def job_in_terminal(
    settings: Settings,
    name: str,
    *,
    verbose: bool,
    failed: str,
    stopped: str,
    listener: Callable[["dg.EventLogEntry", Console], None] | None = None,
    run_config: dict[str, Any] | None = None,
) -> Ended:
    """Run a job, show how it goes, and explain a failure.

    Parameters
    ----------
    settings : Settings
        Which log, and where everything goes.
    name : str
        Of the job.
    verbose : bool
        Whether to show what other programs print, and where a failure came from.
    failed : str
        What a failure leaves, in a sentence.
    stopped : str
        What a call leaves that is stopped, and what the next one does, in a sentence.
    listener : callable, optional
        Gets every event too, and the console to print to.
    run_config : dict, optional
        Choices for this run.

    Raises
    ------
    JobFailedError
        If it failed or was stopped.
    """
    try:
        mapping = load_mapping(settings.mapping, settings.project_root)
        with own_terminal(verbose) as console, Progress(console) as progress:

            def follow(entry: "dg.EventLogEntry") -> None:
                progress.follow(entry)
                if listener:
                    listener(entry, console)

            settings.export()
            # It takes seconds to load what the graph is made of.
            from orchestration.run_job import run_job

            run = run_job(settings, name, progress.start, follow, run_config)
    except (MappingError, LogInUseError) as error:
        complain(str(error))
        raise JobFailedError(1) from error
    except KeyboardInterrupt as error:
        complain(f"Stopped. {stopped}")
        raise JobFailedError(STOPPED) from error
    if any(failure.is_interruption for failure in progress.failures):
        complain(f"Stopped. {stopped}")
        raise JobFailedError(STOPPED)
    if not run.is_success:
        _explain(progress, verbose)
        complain(failed)
        raise JobFailedError(1)
    return Ended(mapping, run.run_id, run.seconds, progress)


def _explain(progress: Progress, verbose: bool) -> None:
    """Say why the job failed: what a check found, else the first error."""
    if progress.failed_checks:
        complain("\n\n".join(progress.failed_checks))
    for failure in progress.failures:
        if not progress.failed_checks:
            complain(failure.cause)
        complain(failure.details if verbose else "(--verbose shows where this came from.)")
