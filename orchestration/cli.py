"""The command line `topshelf`; most of its commands are in `orchestration.commands`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.learning import audit, tune
from orchestration.commands.online import consume, serve
from orchestration.commands.options import (
    Command,
    JsonOption,
    MappingOption,
    VerboseOption,
    refuse,
    settings_of,
)
from orchestration.commands.published import evaluate, explain, recommend, report, similar
from orchestration.commands.releases import canary, promote, releases, rollback, shadow
from orchestration.settings import keep_compiled_code

app = typer.Typer(
    help=(
        "Recommendations built inside the data warehouse.\n\n"
        "`run` makes recommendation tables from a log of events and publishes them as one DuckDB "
        "file; the other commands read that file. Start with `topshelf run`: it uses the shipped "
        "sample log."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def prepare() -> None:
    """Do what must be done before a command imports what it needs."""
    keep_compiled_code()


def run(
    mapping: MappingOption = None, as_json: JsonOption = False, verbose: VerboseOption = False
) -> None:
    """Build recommendations from a log of events, and publish them.

    Checks that the mapping fits the log; cleans the log and builds features, candidates and
    training tables with dbt; fits the models; measures them on the last weeks beside simple
    recommenders; builds the lists and publishes them, all at once, as data/NAME/published.duckdb.

    Safe to repeat, and to stop at any moment: readers see the old lists until the new ones are
    complete. The run appears in Dagster's pages (`make dev`).
    """
    from orchestration.terminal.run import run_in_terminal

    raise typer.Exit(run_in_terminal(settings_of(mapping), as_json=as_json, verbose=verbose))


def measure(
    mapping: MappingOption = None, as_json: JsonOption = False, verbose: VerboseOption = False
) -> None:
    """Measure experiments and retention until now; nothing is learned, and no list changes.

    Reads what the log holds by now, and makes the tables of experiments and retention anew, which
    takes a part of the time of `run`; looking often is safe. Shows what is decided of every arm.
    Needs a log that was run.
    """
    from orchestration.terminal.measure import measure_in_terminal

    raise typer.Exit(measure_in_terminal(settings_of(mapping), as_json=as_json, verbose=verbose))


def demo(
    days: Annotated[int, typer.Option(help="Days that users live with topshelf, 10 to 56.")] = 28,
    users: Annotated[int, typer.Option(help="Users of the shop, at least 100.")] = 1500,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another shop.")] = 1,
    home: Annotated[
        Path | None,
        typer.Option(help="Where everything goes. [default: TOPSHELF_HOME]", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Let simulated users live with topshelf, and compare the measured lift with the true one.

    The users of an invented shop get their lists from the online application, in this process;
    they look, buy and return as their planted taste says. Their events land, the pipeline runs
    again, a new release goes live if its gates let it. Half of the users get most popular items
    instead: an experiment measures how many more return on the seventh day. At the end, all users
    live through the same days with each arm, which no shop can do: that is the true lift.

    docs/demo.md says more.
    """
    from demo.plan import DemoPlan
    from demo.terminal import demo_in_terminal

    settings = settings_of(home=home)
    try:
        plan = DemoPlan(days=days, users=users, seed=seed)
    except ValueError as error:
        refuse(error)
    raise typer.Exit(demo_in_terminal(settings, plan, as_json=as_json, verbose=verbose))


def dbt_variables(mapping: MappingOption = None) -> None:
    """Print the variables that dbt needs to build a log by hand, as JSON.

    dbt build --vars "$(topshelf vars --mapping NAME)" builds with the mapping and with the `sql`
    section of its settings file, as a run does. Makes the folder data/NAME, in which dbt then
    makes the warehouse. The mapping is read, and not compared with the log: `topshelf run` does.
    """
    from orchestration.mapping import MappingError, dbt_vars, load_mapping
    from orchestration.reviewed import load_reviewed
    from orchestration.terminal.answers import complain, write_json

    settings = settings_of(mapping)
    try:
        chosen = load_mapping(settings.mapping, settings.project_root)
        # DuckDB makes no folders.
        settings.places(chosen.name).home.mkdir(parents=True, exist_ok=True)
        write_json(dbt_vars(chosen, load_reviewed(chosen, settings.project_root).sql))
    except MappingError as error:
        complain(str(error))
        raise typer.Exit(1) from error


def _add(*commands: Callable[..., None]) -> None:
    for command in commands:
        app.command(cls=Command)(command)


# The help lists them in this order.
_add(run, recommend, similar, explain, audit, evaluate, tune, serve, consume, measure, report, demo)
app.command("vars", cls=Command)(dbt_variables)
_add(releases, promote, canary, shadow, rollback)

if __name__ == "__main__":
    app()
