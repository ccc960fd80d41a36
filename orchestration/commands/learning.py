"""The commands that teach models beside those of a run: `audit` and `tune`."""

from typing import Annotated

import typer

from orchestration.commands.options import JsonOption, MappingOption, VerboseOption, settings_of


def audit(
    attribute: Annotated[
        str, typer.Option("--attribute", "-a", help="A column of the mapped table of users.")
    ],
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what an attribute of users would change, and how its groups are served.

    Teaches the ranker with the attribute and without it, on the same rows, and compares the lists
    at the evaluation cutoff: quality by group with 95% intervals, share of the catalogue shown,
    popularity of what is shown. The attribute need not be allowed; nothing served changes. Needs a
    log that was run; writes the table ml.audit of the warehouse.
    """
    from orchestration.terminal.audits import audit_in_terminal

    raise typer.Exit(audit_in_terminal(settings_of(mapping), attribute, as_json=as_json))


def tune(
    mapping: MappingOption = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Trials of each part, with those of earlier calls.")
    ] = 30,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=1, help="Seconds after which no further trial begins.", show_default=False
        ),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            help="sql (co-visitation), als, blend or ranker; may be repeated. [default: all]",
            show_default=False,
        ),
    ] = None,
    folds: Annotated[
        int, typer.Option(min=1, help="Periods before the test period that judge a trial.")
    ] = 2,
    jobs: Annotated[
        int, typer.Option(min=1, help="Most trials at a time; fewer if memory is short.")
    ] = 1,
    write: Annotated[
        bool, typer.Option("--write", help="Write the settings file itself, not a proposal.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Search for better settings of a log, on periods before its test period.

    Co-visitation (sql) is tuned first, then the factorisation (als), the weights of the blend and
    the ranker, each with what was found before it. The present settings are the first trial of
    each. What is found is written beside the mapping as NAME.settings.proposed.yml; a run uses
    NAME.settings.yml.

    Safe to stop at any moment: finished trials are kept, and the same command goes on from there.
    """
    from orchestration.terminal.answers import complain
    from orchestration.terminal.tune import tune_in_terminal
    from orchestration.tuning.plan import TuningPlan

    try:
        chosen = {"parts": tuple(part)} if part else {}
        plan = TuningPlan(trials=trials, timeout_seconds=timeout, folds=folds, jobs=jobs, **chosen)
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(2) from error
    raise typer.Exit(
        tune_in_terminal(settings_of(mapping), plan, accept=write, as_json=as_json, verbose=verbose)
    )
