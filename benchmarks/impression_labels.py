"""What teaches the ranker better on a log: a time split, or impressions, and how the unshown count.

    python -m benchmarks.impression_labels --mapping sample

Reads the warehouse that `topshelf run` left. Judged are the periods before the test period, each by
rankers that were taught on the periods before it, as the run itself chooses.
"""

from dataclasses import replace
from typing import Annotated

import duckdb
import pandas as pd
import typer
from rich.console import Console

from ml.ranker_choice import LEARNED_ORDERS, METRIC
from orchestration.ranker_choice import choose_for_test
from orchestration.ranker_rows import frame_features, rows_in_sql, shown_items
from orchestration.ranker_teaching import Teaching
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import read_settings

WEIGHTS = (1.0, 0.5, 0.2, 0.05)
JUDGED = 3

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def compare(
    connection: duckdb.DuckDBPyConnection, teaching: Teaching, past: pd.DataFrame, *, repeats: bool
) -> pd.DataFrame:
    """Judge the rankers in the last periods.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    teaching : Teaching
        How rankers are taught; its weight of the unshown is replaced by each of `WEIGHTS`.
    past : DataFrame
        Of `rows_in_sql`, with what was shown.
    repeats : bool
        Whether the lists may hold seen items.

    Returns
    -------
    DataFrame
        ``unshown_weight``, ``cutoff_at``, ``contender`` and ``ndcg_10``.
    """
    tables = []
    for moment in sorted(past["cutoff_at"].unique())[-JUDGED:]:
        known = past[past["cutoff_at"] <= moment]
        for number, weight in enumerate(WEIGHTS):
            # The time split teaches the same whatever the weight.
            labels = "impressions" if number else "choose"
            params = replace(teaching.params, labels=labels, unshown_weight=weight)
            tried = replace(teaching, params=params)
            judged = choose_for_test(connection, known, tried, repeats=repeats).judged
            learned = judged[judged["contender"].isin(LEARNED_ORDERS)]
            found = learned.assign(unshown_weight=weight, cutoff_at=moment)
            tables.append(found[["unshown_weight", "cutoff_at", "contender", METRIC]])
    return pd.concat(tables, ignore_index=True)


@app.command()
def main(
    mapping: Annotated[str, typer.Option(help="Of the run that is read.")] = "sample",
    threads: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Print mean nDCG@10 over the periods, by contender and weight."""
    settings = replace(read_settings(), mapping=mapping)
    log = MappedLog(
        home=str(settings.home),
        mapping=settings.mapping,
        project_root=str(settings.project_root),
    )
    params = log.reviewed().ranker
    with Warehouse(log=log).connect() as connection:
        features, shown = frame_features(connection), shown_items(connection)
        teaching = Teaching(params, features, (), threads, shown)
        past = rows_in_sql(connection, "train", params, with_shown=True)
        table = compare(connection, teaching, past, repeats=log.read().repeats)
    means = table.groupby(["contender", "unshown_weight"])[METRIC].mean().unstack()
    console = Console()
    console.print(f"mean {METRIC} over {table['cutoff_at'].nunique()} periods, by unshown_weight")
    console.print(means.round(3).to_string())


if __name__ == "__main__":
    app()
