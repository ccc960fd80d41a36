"""The command `topshelf run`."""

import os
from dataclasses import asdict

from rich.text import Text

from orchestration.mapping import settings_file
from orchestration.releases.standing import standing, standing_text
from orchestration.settings import Settings
from orchestration.summary import summarise
from orchestration.terminal.answers import show, write_json
from orchestration.terminal.job import JobFailedError, job_in_terminal
from orchestration.terminal.tables import summary_text

FAILED = "Nothing was published; what was published before is untouched."
STOPPED = "What was published before is untouched; the next run starts anew."


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
        ended = job_in_terminal(
            settings, "topshelf", verbose=verbose, failed=FAILED, stopped=STOPPED
        )
    except JobFailedError as error:
        return error.exit_code
    places, reviewed = settings.places(ended.mapping.name), settings_file(ended.mapping)
    summary = summarise(places.warehouse, places.snapshot)
    used = str(reviewed) if reviewed.is_file() else None
    result = {
        "run_id": ended.run_id,
        "seconds": round(ended.seconds, 1),
        "step_seconds": ended.progress.step_seconds,
        "model_seconds": ended.progress.model_seconds,
        "snapshot": str(places.snapshot),
        "settings_file": used,
    }
    found = standing(places.releases)
    if as_json:
        write_json({**result, **asdict(summary), "online": asdict(found)})
    else:
        shown = os.path.relpath(places.snapshot)
        show(summary_text(summary, shown, ended.seconds, used))
        show(Text(f"\n{standing_text(found)}"))
    return 0
