"""Results as tables to read."""

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.quality.result import Result

MEBIBYTE = 2**20
SECONDS = {"fit_seconds": "fit s", "score_seconds": "score s"}


def printed(name: str, result: Result) -> RenderableType:
    """Show one row a system, best first, and what there is to say below."""
    rows = result.rows
    table = Table(title=f"{name} (* published)", title_justify="left", box=None, pad_edge=False)
    metrics = list(dict.fromkeys(rows["metric"]))
    table.add_column("system", no_wrap=True)
    for metric in metrics:
        table.add_column(metric.replace("_", "@", 1) if " " not in metric else metric)
    for head in SECONDS.values():
        table.add_column(head, justify="right")
    for system in _best_first(rows, metrics[-1]):
        mine = rows[rows["system"] == system].set_index("metric")
        cells = [_cell(mine.loc[metric]) if metric in mine.index else "" for metric in metrics]
        first = mine.iloc[0]
        took = ["" if pd.isna(first[column]) else f"{first[column]:.1f}" for column in SECONDS]
        table.add_row(system, *cells, *took)
    peak = f"most memory held: {result.peak_bytes / MEBIBYTE:,.0f} MiB"
    return Group(table, Text("\n".join([peak, *result.notes, ""])))


def _best_first(rows: pd.DataFrame, metric: str) -> list[str]:
    """Order systems by a metric; those that have no value of it come last."""
    values = rows[rows["metric"] == metric].sort_values("value", ascending=False)["system"]
    return list(dict.fromkeys([*values, *rows["system"]]))


def _cell(row: pd.Series) -> str:
    """Show a value, with its interval if it has one."""
    if pd.isna(row.get("lower")):
        return f"{row['value']:.4f}"
    return f"{row['value']:.4f} [{row['lower']:.4f}, {row['upper']:.4f}]"
