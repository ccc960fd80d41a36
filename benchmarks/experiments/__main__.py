"""The command `python -m benchmarks.experiments`."""

from collections.abc import Callable, Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.experiments.findings import Finding
from benchmarks.experiments.truth import alike, different, moving, power, sample_ratios, uneven
from benchmarks.experiments.verdicts import shipped_alike, shipped_lift

QUESTIONS: tuple[Callable[[int, int], Iterator[Finding]], ...] = (
    alike,
    different,
    power,
    shipped_alike,
    shipped_lift,
    sample_ratios,
    uneven,
    moving,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    experiments: Annotated[
        int, typer.Option(min=200, help="Simulated experiments a question.")
    ] = 2000,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 1,
) -> None:
    """Simulate experiments whose truth is known, and print how often the answers are right.

    Exits with 1 if a promise is broken beyond the Monte Carlo error.
    """
    findings = [
        finding
        for number, question in enumerate(QUESTIONS)
        for finding in question(experiments, seed + number)
    ]
    Console(highlight=False, width=120).print(findings_table(findings, experiments))
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)


def findings_table(findings: list[Finding], experiments: int) -> Table:
    """Arrange the findings for people."""
    table = Table(title=f"{experiments:,} simulated experiments a line", title_justify="left")
    for name in ("question", "metric"):
        table.add_column(name)
    for name in ("measured", "95% interval", "promised", "holds"):
        table.add_column(name, justify="right")
    for finding in findings:
        table.add_row(
            finding.question,
            finding.metric,
            f"{finding.value:.1%}",
            f"{finding.lower:.1%} to {finding.upper:.1%}",
            "" if finding.promise == "none" else finding.promise,
            "" if finding.promise == "none" else ("yes" if finding.holds else "NO"),
        )
    return table


if __name__ == "__main__":
    app()
