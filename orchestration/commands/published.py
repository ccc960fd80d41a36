"""The commands that show what was published."""

from typing import Annotated

import typer

from orchestration.commands.options import JsonOption, MappingOption, settings_of

LimitOption = Annotated[int, typer.Option("--n", "-n", min=1, help="Most items shown.")]


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
            settings_of(mapping),
            lambda connection: recommended_rows(connection, user, limit),
            None if as_json else lambda rows: rows_table(rows, columns),
        )
    )


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
            settings_of(mapping),
            lambda connection: similar_rows(connection, item, limit),
            None if as_json else lambda rows: rows_table(rows, columns),
        )
    )


def explain(
    user: Annotated[str, typer.Argument(help="A user_id of the log.")],
    item: Annotated[str, typer.Argument(help="An item_id of the user's list.")],
    limit: Annotated[
        int,
        typer.Option("--n", "-n", min=1, help="Most features shown; the rest is one line."),
    ] = 10,
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
            settings_of(mapping),
            lambda connection: explained(connection, user, item),
            None if as_json else lambda found: explanation_view(found, limit),
        )
    )


def evaluate(
    lists: Annotated[
        bool,
        typer.Option("--lists", help="Show what rules, diversity, novelty and freshness cost."),
    ] = False,
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how good lists made like the published ones would have been, beside simple ones.

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
    raise typer.Exit(answer(settings_of(mapping), question, None if as_json else drawn))


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

    raise typer.Exit(report_in_terminal(settings_of(mapping), experiment, as_json=as_json))
