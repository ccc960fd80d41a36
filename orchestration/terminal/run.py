"""The command `topshelf run`."""

import os
from dataclasses import asdict

from rich.console import Console

from orchestration.mapping import MappingError, load_mapping, settings_file
from orchestration.releases.standing import standing, standing_text
from orchestration.run_lock import LogInUseError
from orchestration.settings import Settings
from orchestration.summary import summarise
from orchestration.terminal.answers import complain, write_json
from orchestration.terminal.progress import Progress
from orchestration.terminal.streams import own_terminal
from orchestration.terminal.tables import summary_text

STOPPED = 130
STOPPED_TEXT = "Stopped. What was published before is untouched; the next run starts anew."


def run_in_terminal(settings: Settings, *, as_json: bool, verbose: bool) -> int:
    """Run the job `topshelf`, show how it goes, and what came of it.

    Parameters
    ----------
    settings : Settings
        Which log, and where everything goes.
    as_json : bool
        Whether the summary goes to standard output as JSON. Progress goes to standard error.
    verbose : bool
        Whether to show what other programs print, and where a failure came from.

    Returns
    -------
    int
        Exit code: 0 if everything was built and published.
    """
    try:
        mapping = load_mapping(settings.mapping, settings.project_root)
        places, reviewed = settings.places(mapping.name), settings_file(mapping)
        with own_terminal(verbose) as console, Progress(console) as progress:
            is_success, run_id, seconds = _follow(settings, progress)
    except (MappingError, LogInUseError) as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain(STOPPED_TEXT)
        return STOPPED
    if any(failure.is_interruption for failure in progress.failures):
        complain(STOPPED_TEXT)
        return STOPPED
    if not is_success:
        _explain(progress, verbose)
        return 1
    summary = summarise(places.warehouse, places.snapshot)
    used = str(reviewed) if reviewed.is_file() else None
    result = {
        "run_id": run_id,
        "seconds": round(seconds, 1),
        "step_seconds": progress.step_seconds,
        "model_seconds": progress.model_seconds,
        "snapshot": str(places.snapshot),
        "settings_file": used,
    }
    found = standing(places.releases)
    if as_json:
        write_json({**result, **asdict(summary), "online": asdict(found)})
    else:
        shown = os.path.relpath(places.snapshot)
        Console(highlight=False).print(summary_text(summary, shown, seconds, used))
        Console(highlight=False).print(f"\n{standing_text(found)}")
    return 0


def _follow(settings: Settings, progress: Progress) -> tuple[bool, str, float]:
    """Run the job; it takes seconds to load what the graph is made of."""
    settings.export()
    from orchestration.run_job import run_job

    run = run_job(settings, "topshelf", progress.start, progress.follow)
    return run.is_success, run.run_id, run.seconds


def _explain(progress: Progress, verbose: bool) -> None:
    """Say why the run failed: what a check found, else the first error."""
    if progress.failed_checks:
        complain("\n\n".join(progress.failed_checks))
    for failure in progress.failures:
        if not progress.failed_checks:
            complain(failure.cause)
        complain(failure.details if verbose else "(--verbose shows where this came from.)")
    complain("Nothing was published; what was published before is untouched.")
