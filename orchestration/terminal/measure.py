"""The command `topshelf measure`."""

from typing import Any

from rich.text import Text

from orchestration.lookups import NothingPublishedError, open_snapshot, verdict_rows
from orchestration.mapping import MappingError, load_mapping
from orchestration.settings import Settings
from orchestration.terminal.answers import answer, complain, complain_of_nothing
from orchestration.terminal.job import JobFailedError, job_in_terminal

FAILED = "Nothing was published; what was measured before is untouched."
STOPPED = "What was measured before is untouched; the same command starts anew."
REPORTS = "`topshelf report EXPERIMENT` writes a page of one, `topshelf report` of the product."


def measure_in_terminal(settings: Settings, *, as_json: bool, verbose: bool) -> int:
    """Run the job `measure`, show how it goes, and what was decided.

    Parameters
    ----------
    settings : Settings
        Which log.
    as_json : bool
        Whether the result goes to standard output as JSON. Progress goes to standard error.
    verbose : bool
        Whether to show what other programs print, and where a failure came from.

    Returns
    -------
    int
        Exit code: 0 if everything was measured and published.
    """
    try:
        mapping = load_mapping(settings.mapping, settings.project_root)
        with open_snapshot(settings.places(mapping.name).snapshot):
            pass  # What is measured stands beside lists, which only a run makes.
        ended = job_in_terminal(
            settings, "measure", verbose=verbose, failed=FAILED, stopped=STOPPED
        )
    except MappingError as error:
        complain(str(error))
        return 1
    except NothingPublishedError as error:
        complain_of_nothing(error, settings)
        return 1
    except JobFailedError as error:
        return error.exit_code
    return answer(
        settings,
        lambda connection: {
            "run_id": ended.run_id,
            "seconds": round(ended.seconds, 1),
            "verdicts": verdict_rows(connection),
        },
        None if as_json else _text,
    )


def _text(found: dict[str, Any]) -> Text:
    """Say what was decided of every arm."""
    verdicts = [
        f"{row['experiment_id']} / {row['variant']}: {row['words']}" for row in found["verdicts"]
    ]
    return Text("\n\n".join([f"Done in {found['seconds']:.0f} s.", *verdicts, REPORTS]))
