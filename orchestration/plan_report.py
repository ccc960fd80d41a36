"""What a planned change means, as text for a terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from orchestration.plan_changes import ModelChange, followers
from orchestration.plan_rows import RowDifference

MEANINGS = {
    "changed": "its own SQL differs",
    "added": "new",
    "removed": "gone",
    "downstream": "reads what changed",
}


def render_plan(
    console: Console,
    base: str,
    changes: list[ModelChange],
    differences: dict[str, RowDifference],
    readers: dict[str, set[str]],
) -> None:
    """Print the models, the columns that follow and the rows that differ.

    Parameters
    ----------
    console : Console
        Where to print.
    base : str
        The revision that the working tree was compared with.
    changes : list of ModelChange
        As `model_changes` gives them.
    differences : dict of str to RowDifference
        By schema and table, for the models that both states have.
    readers : dict of str to set of str
        As `column_readers` gives it.
    """
    if not changes:
        console.print(f"The working tree builds the same models as {base}.")
        return
    console.print(f"\nModels that differ from {base}", style="bold")
    for change in changes:
        meaning = (MEANINGS[change.kind], "dim")
        console.print(Text.assemble(f"  {change.kind:<11}{change.name}  ", meaning))
    for change in changes:
        if change.text:
            console.print(f"\n{change.name}", style="bold")
            console.print(Syntax(change.text, "diff", background_color="default", word_wrap=True))
            render_lineage(console, change.name, differences.get(change.name), readers)
    render_rows(console, differences)


def render_lineage(
    console: Console, name: str, difference: RowDifference | None, readers: dict[str, set[str]]
) -> None:
    """Print, for each column of a changed model that differs, what is computed from it."""
    for column in difference.changed if difference else {}:
        following = sorted(followers({f"{name}.{column}"}, readers))
        console.print(Text.assemble("  ", (column, "bold"), " differs and is read by:"))
        for reader in following or ["nothing else"]:
            console.print(f"    {reader}")


def render_rows(console: Console, differences: dict[str, RowDifference]) -> None:
    """Print how many rows of each table differ, and some of them."""
    differing = {name: rows for name, rows in differences.items() if not rows.is_empty}
    count = f"{len(differing)} of {len(differences)} tables that both states have"
    console.print(Text.assemble("\n", ("Rows", "bold"), f": {count} hold different rows"))
    table = Table(box=SIMPLE)
    table.add_column("table", overflow="fold")
    for heading in ("before", "after", "added", "removed"):
        table.add_column(heading, justify="right")
    table.add_column("columns that differ, by share of matched rows", overflow="fold")
    for name, difference in differing.items():
        columns = ", ".join(f"{key} {share:.1f} %" for key, share in difference.changed.items())
        table.add_row(
            name,
            *(f"{count:,}" for count in (difference.before, difference.after)),
            *(f"{count:,}" for count in (difference.added, difference.removed)),
            columns,
        )
    console.print(table)
    for name, difference in differing.items():
        if not difference.sample.empty:
            note = ", some rows that differ (before is s, after is t)"
            console.print(Text.assemble("\n", (name, "bold"), note))
            console.print(difference.sample.to_string(index=False, max_colwidth=40))
