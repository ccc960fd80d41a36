"""The command line: `topshelf run`, `serve`, `tune`, `recommend`, `explain`, `evaluate`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from orchestration.release_commands import add_release_commands
from orchestration.settings import Settings, read_settings

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

MappingOption = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        "-m",
        help="The log: name of a shipped mapping, or the path of a mapping file. "
        "[default: TOPSHELF_MAPPING, else sample]",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
LimitOption = Annotated[int, typer.Option("--n", "-n", min=1, help="Most items shown.")]
VerboseOption = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Show what dbt and Dagster print, and stack traces."),
]


@app.command()
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

    raise typer.Exit(run_in_terminal(_settings(mapping), as_json=as_json, verbose=verbose))


@app.command()
def recommend(
    user: Annotated[str, typer.Argument(help="A user_id of the log; a stranger is answered too.")],
    limit: LimitOption = 10,
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is recommended to a user, with the reason for each item.

    Reads the published file, as `select * from recommend_now('USER')` would. A user without a list
    gets what is popular in the user's segment, else what is popular.
    """
    from orchestration.lookups import recommended_rows
    from orchestration.terminal.answers import answer, rows_table

    columns = {
        "recommended_rank": "rank",
        "item_id": "item",
        "title": "title",
        "score": "score",
        "reason": "reason",
    }
    raise typer.Exit(
        answer(
            _settings(mapping),
            lambda connection: recommended_rows(connection, user, limit),
            None if as_json else lambda rows: rows_table(rows, columns),
        )
    )


@app.command()
def similar(
    item: Annotated[str, typer.Argument(help="An item_id of the log; an unknown one works too.")],
    limit: LimitOption = 10,
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what goes with an item: what people who had it had soon before or after.

    Reads the published file, as `select * from similar_items('ITEM')` would. The support is the
    number of people in whose history both stand. For an item that nobody has been seen with, items
    whose title, category and attributes are alike answer, else popular ones; their support is 0.
    """
    from orchestration.lookups import similar_rows
    from orchestration.terminal.answers import answer, rows_table

    columns = {
        "neighbour_rank": "rank",
        "neighbour_item_id": "item",
        "title": "title",
        "score": "score",
        "source": "source",
        "support": "support",
    }
    raise typer.Exit(
        answer(
            _settings(mapping),
            lambda connection: similar_rows(connection, item, limit),
            None if as_json else lambda rows: rows_table(rows, columns),
        )
    )


@app.command()
def explain(
    user: Annotated[str, typer.Argument(help="A user_id of the log.")],
    item: Annotated[str, typer.Argument(help="An item_id of the user's list.")],
    limit: LimitOption = 10,
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show why an item is in a user's list.

    Reads the published file: which sources proposed the item; which items of the user's history add
    most to its score by matrix factorisation; and what each feature added to the ranker's score
    (SHAP values; with the average they sum to the score), the largest first.
    """
    from orchestration.explanations import explained
    from orchestration.terminal.answers import answer
    from orchestration.terminal.explanations import explanation_view

    raise typer.Exit(
        answer(
            _settings(mapping),
            lambda connection: explained(connection, user, item),
            None if as_json else lambda found: explanation_view(found, limit),
        )
    )


@app.command()
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

    raise typer.Exit(audit_in_terminal(_settings(mapping), attribute, as_json=as_json))


@app.command()
def evaluate(
    lists: Annotated[
        bool,
        typer.Option("--lists", help="Show what diversity, novelty and freshness would cost."),
    ] = False,
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how good the published lists would have been, beside simple recommenders.

    Every system made its lists from what was known some weeks before the end of the log
    (`horizon_days` of the mapping), and is measured on what users did in these weeks. Means over
    users, with 95% intervals by bootstrap; once for items new to the user, once for all items.

    With --lists: the change of nDCG@10 when the lists are ordered by more than the chance of being
    taken (docs/rules.md), with its interval, beside what the lists gain.
    """
    from orchestration.lookups import evaluation_rows, list_cost_rows
    from orchestration.terminal.answers import answer
    from orchestration.terminal.tables import evaluation_tables, list_cost_table

    question, drawn = (
        (list_cost_rows, list_cost_table) if lists else (evaluation_rows, evaluation_tables)
    )
    raise typer.Exit(answer(_settings(mapping), question, None if as_json else drawn))


@app.command()
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
            help="sql, als or ranker; may be repeated. [default: all]", show_default=False
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

    The list of covisitation is tuned first, then the factorisation, then the ranker, each with
    what was found before it. The present settings are the first trial of each. What is found is
    written beside the mapping as NAME.settings.proposed.yml; a run uses NAME.settings.yml.

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
        tune_in_terminal(_settings(mapping), plan, accept=write, as_json=as_json, verbose=verbose)
    )


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen at; beyond this machine it needs API keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    explore: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of the answers that explore.", show_default=False),
    ] = None,
    mapping: MappingOption = None,
) -> None:
    """Answer over HTTP: lists, what goes with an item, and events in.

    Lists follow what is sent to POST /v1/events within the second. A new release is taken up
    without a restart. The pages at /docs say what can be asked; docs/serving.md how to go on.
    Stop it with Ctrl-C: what was accepted is on disk.
    """
    from orchestration.serve import serve_in_terminal

    settings = _settings(mapping)
    if explore is not None:
        settings = replace(settings, explore=explore)
    raise typer.Exit(serve_in_terminal(settings, host, port, workers))


@app.command()
def consume(
    url: Annotated[str, typer.Option(help="The Redis server.")] = "redis://127.0.0.1:6379/0",
    stream: Annotated[str, typer.Option(help="Key of the stream.")] = "events",
    group: Annotated[str, typer.Option(help="Name of the group of consumers.")] = "topshelf",
    consumer: Annotated[
        str, typer.Option(help="Name of this consumer; the same one after a restart.")
    ] = "topshelf-1",
    mapping: MappingOption = None,
) -> None:
    """Take events from a Redis stream, as POST /v1/events takes them over HTTP.

    A message has the fields of an event, or one field `event` with all of them as JSON. It is
    acknowledged when it is on disk; after a restart nothing is lost, and what comes again counts
    once. Stop it with Ctrl-C.
    """
    from orchestration.consume import consume_in_terminal
    from serving.consuming import RedisStream

    source = RedisStream(url, stream, group, consumer)
    raise typer.Exit(consume_in_terminal(_settings(mapping), source))


@app.command()
def report(
    experiment: Annotated[
        str | None,
        typer.Argument(
            help="An experiment_id; left out, the page of the product.", show_default=False
        ),
    ] = None,
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a page for people: what an experiment showed, or whether users come back.

    One HTML file that needs no network, below data/NAME/reports; its path is printed. Made from the
    published tables: exp_decisions says why, exp_results holds every number. The experiment
    `history` is always there: two halves of the users that were treated alike.
    """
    from orchestration.terminal.reports import report_in_terminal

    raise typer.Exit(report_in_terminal(_settings(mapping), experiment, as_json=as_json))


@app.command()
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
    from orchestration.terminal.answers import complain

    settings = read_settings()
    if home is not None:
        settings = replace(settings, home=home.expanduser().resolve())
    try:
        plan = DemoPlan(days=days, users=users, seed=seed)
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(2) from error
    raise typer.Exit(demo_in_terminal(settings, plan, as_json=as_json, verbose=verbose))


@app.command("vars")
def dbt_variables(mapping: MappingOption = None) -> None:
    """Print the variables that dbt needs to build a log by hand, as JSON.

    dbt build --vars "$(topshelf vars --mapping NAME)" builds with the mapping and with the `sql`
    section of its settings file, as a run does.
    """
    from orchestration.mapping import MappingError, dbt_vars, load_mapping
    from orchestration.reviewed import load_reviewed
    from orchestration.terminal.answers import complain, write_json

    settings = _settings(mapping)
    try:
        chosen = load_mapping(settings.mapping, settings.project_root)
        write_json(dbt_vars(chosen, load_reviewed(chosen, settings.project_root).sql))
    except MappingError as error:
        complain(str(error))
        raise typer.Exit(1) from error


def _settings(mapping: str | None) -> Settings:
    settings = read_settings()
    return replace(settings, mapping=mapping) if mapping else settings


add_release_commands(app)

if __name__ == "__main__":
    app()
