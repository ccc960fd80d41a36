"""The command `python -m benchmarks.off_policy`."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.off_policy.open_bandit import BanditLogError, cross_values, read_bandit_log
from ml.off_policy.support import SupportBounds
from ml.off_policy.values import OffPolicyParams

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "open_bandit"
NAMES = {"bts": "Thompson", "random": "random"}

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    data: Annotated[Path, typer.Option(help="Folder with events.parquet.")] = DATA,
    minimum_effective: Annotated[
        float, typer.Option(help="Impressions that a log must be worth to be asked.")
    ] = SupportBounds.minimum_effective,
) -> None:
    """Value two policies, each from the log of the other, beside what each really earned."""
    try:
        frame = read_bandit_log(data)
    except BanditLogError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    bounds = SupportBounds(minimum_effective=minimum_effective)
    values = cross_values(frame, OffPolicyParams(bounds=bounds))
    Console(highlight=False, width=140).print(results_table(values))


def results_table(values: pd.DataFrame) -> Table:
    """Arrange values for people; click rates in per cent."""
    table = Table(title="click rate in %, 95% intervals", title_justify="left")
    for name in ("campaign", "policy", "from the log of", "estimator"):
        table.add_column(name)
    for name in ("estimated", "interval", "observed", "its interval", "worth", "largest weight"):
        table.add_column(name, justify="right")
    for row in values[values["estimator"] != "logged"].to_dict("records"):
        names = [row["campaign"], NAMES[row["policy"]], NAMES[row["source"]]]
        observed = [_percent(row["observed"]), _interval(row, "observed_lower", "observed_upper")]
        worth = f"{row['effective_count']:,.0f} of {row['impression_count']:,}"
        weight = f"{row['maximum_weight']:,.1f}"
        if row["refusal"] is None:
            estimate = [row["estimator"], _percent(row["value"]), _interval(row, "lower", "upper")]
            table.add_row(*names, *estimate, *observed, worth, weight)
        elif row["estimator"] == "ips":
            table.add_row(*names, "refused", "", "", *observed, worth, weight)
            table.caption = f"refused: {row['refusal']}"
    return table


def _percent(value: float) -> str:
    return "" if pd.isna(value) else f"{100 * value:.2f}"


def _interval(row: dict, lower: str, upper: str) -> str:
    return "" if pd.isna(row[lower]) else f"{_percent(row[lower])}-{_percent(row[upper])}"


if __name__ == "__main__":
    app()
