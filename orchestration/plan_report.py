"""What a planned change means, as text for a terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from orchestration.plan_changes import ModelChange
from orchestration.plan_lineage import TouchedColumn
from orchestration.plan_rows import RowDifference

MEANINGS = {
    "changed": "its own SQL differs",
    "added": "new",
    "removed": "gone",
    "downstream": "reads what changed",
}
TOUCHES = {
    "removed": "gone",
    "added": "new",
    "changed": "computed otherwise",
    "rows": "of other rows",
}


def render_plan(
    console: Console,
    base: str,
    changes: list[ModelChange],
    differences: dict[str, RowDifference],
    lineage: dict[str, list[TouchedColumn]],
    limit: int,
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
    lineage : dict of str to list of TouchedColumn
        As `touched_columns` gives it.
    limit : int
        Most columns shown of each model, and most that are computed from each of them.
    """
    if not changes:
        console.print(f"The working tree builds the same models as {base}.")
        return
    console.print(f"\nModels that differ from {base}", style="bold")
    for change in changes:
        meaning = (MEANINGS[change.kind], "dim")
        console.print(Text.assemble(f"  {change.kind:<11}{change.name}  ", meaning))
    for change in changes:
        if change.name in lineage:
            console.print(f"\n{change.name}", style="bold")
            if change.text:
                text = Syntax(change.text, "diff", background_color="default", word_wrap=True)
                console.print(text)
            render_lineage(console, lineage[change.name], limit)
    render_rows(console, differences)


def render_lineage(console: Console, columns: list[TouchedColumn], limit: int) -> None:
    """Print the columns that changed SQL touches, and what is computed from each."""
    if not columns:
        console.print("  Its columns are computed as before, of the same rows.")
        return
    table = Table(box=SIMPLE)
    for heading in ("column", "", "read by, the nearest first"):
        table.add_column(heading, overflow="fold")
    for column in columns[:limit]:
        readers = _shortened(column.readers, limit) or "nothing else"
        table.add_row(column.name, TOUCHES[column.kind], readers)
    if len(columns) > limit:
        table.add_row(f"and {len(columns) - limit} more")
    console.print(table)


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
            note = ", some rows that differ (PROD is before, WORKING_TREE after)"
            console.print(Text.assemble("\n", (name, "bold"), note))
            console.print(difference.sample.to_string(index=False, max_colwidth=40))


def _shortened(names: list[str], limit: int) -> str:
    left = len(names) - limit
    return "\n".join([*names[:limit], *([f"and {left} more"] if left > 0 else [])])
