"""Which rows of a table two states of the dbt project do not share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from orchestration.plan_lineage import column_names

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
        The table's key; None compares whole rows, as does one that not both states have.
    states : tuple of str
        Older and newer environment.
    limit : int
        Most rows in the sample.
    """
    model = context.get_model(name, raise_if_missing=True)
    # The name without an environment is the older state's.
    older = context.engine_adapter.columns(model.name)
    shared = [column for column in column_names(context, name) if column in older]
    has_key = key is not None and set(key) <= set(shared)
    matched_by = key if key and has_key else shared
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
        key=matched_by if has_key else [],
        before=rows.source_count,
        after=rows.target_count,
        added=rows.t_only_count,
        removed=rows.s_only_count,
        changed={str(column): 100.0 - match for column, match in matches.items() if match < 100},
        sample=rows.joined_sample.head(limit),
    )
