"""The command `topshelf measure`."""

from rich.console import Console

from orchestration.lookups import open_snapshot, verdict_rows
from orchestration.mapping import MappingError, load_mapping
from orchestration.settings import Settings
from orchestration.terminal.answers import complain, write_json
from orchestration.terminal.job import JobFailedError, job_in_terminal

KEPT = "Nothing was published; what was measured before is untouched"
AGAIN = "the same command starts anew"
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
        snapshot = settings.places(mapping.name).snapshot
        if not snapshot.is_file():
            complain(
                f"{snapshot} does not exist: `topshelf run --mapping {settings.mapping}` measures "
                "for the first time"
            )
            return 1
        ended = job_in_terminal(settings, "measure", verbose=verbose, kept=KEPT, again=AGAIN)
    except MappingError as error:
        complain(str(error))
        return 1
    except JobFailedError as error:
        return error.exit_code
    with open_snapshot(snapshot) as connection:
        verdicts = verdict_rows(connection)
    if as_json:
        write_json(
            {
                "run_id": ended.run_id,
                "seconds": round(ended.seconds, 1),
                "snapshot": str(snapshot),
                "verdicts": verdicts,
            }
        )
        return 0
    lines = [f"{row['experiment_id']} / {row['variant']}: {row['words']}" for row in verdicts]
    out = Console(highlight=False)
    text = "\n\n".join([f"Done in {ended.seconds:.0f} s.", *lines, REPORTS])
    out.print(text, markup=False)
    return 0
