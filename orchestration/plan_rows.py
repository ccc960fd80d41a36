"""Which rows of a table two states of the dbt project do not share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from sqlmesh import Context


@dataclass(frozen=True)
class RowDifference:
    """How a table's rows differ between the two states.

    Parameters
    ----------
    key : list of str
        The columns by which rows are matched; all columns when the table states no key, and then a
        row that changed is one removed and one added.
    before, after : int
        Rows in the older and in the newer state.
    added, removed : int
        Rows whose key only the newer, only the older state has.
    changed : dict of str to float
        Share of the matched rows, in percent, in which a column differs; only columns that do.
    sample : DataFrame
        Some of the matched rows that differ: key, then both values of the columns that differ.
    """

    key: list[str]
    before: int
    after: int
    added: int
    removed: int
    changed: dict[str, float]
    sample: pd.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether both states hold the same rows."""
        return not (self.added or self.removed or self.changed)


def row_difference(
    context: "Context", name: str, key: list[str] | None, states: tuple[str, str], limit: int
) -> RowDifference:
    """Compare the rows of a table in two environments of SQLMesh.

    Parameters
    ----------
    context : Context
        Project in the newer state.
    name : str
        Schema and table.
    key : list of str or None
        The table's key; None compares whole rows.
    states : tuple of str
        Older and newer environment.
    limit : int
        Most rows in the sample.
    """
    model = context.get_model(name, raise_if_missing=True)
    columns = list(context.engine_adapter.columns(model.name))
    matched_by = [column for column in key or columns if column in columns]
    (table,) = context.table_diff(
        source=states[0],
        target=states[1],
        on=matched_by,
        select_models=[model.name],
        limit=limit,
        show=False,
        decimals=9,
        skip_grain_check=True,
    )
    rows = table.row_diff()
    matches = rows.column_stats["pct_match"]
    return RowDifference(
        key=matched_by if key else [],
        before=rows.source_count,
        after=rows.target_count,
        added=rows.t_only_count,
        removed=rows.s_only_count,
        changed={str(column): 100.0 - match for column, match in matches.items() if match < 100},
        sample=rows.joined_sample.head(limit),
    )
