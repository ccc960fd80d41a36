"""Which columns a change of the models touches, and what is computed from them."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.plan_changes import ModelChange, short_name

if TYPE_CHECKING:
    from sqlmesh import Context

    from orchestration.plan_digests import QueryDigest

# How a column is touched, the closest look first.
KINDS = ("removed", "added", "changed", "rows")


@dataclass(frozen=True)
class TouchedColumn:
    """A column of a model that was changed, added or removed itself.

    Parameters
    ----------
    name : str
        Of the column.
    kind : str
        ``removed``, ``added``, ``changed`` (another expression computes it) or ``rows`` (the same
        expression of other rows).
    readers : list of str
        What is computed from it, as ``schema.table.column``: directly first, then step by step.
    """

    name: str
    kind: str
    readers: list[str]


def touched_columns(
    changes: list[ModelChange], before: "Context", after: "Context"
) -> dict[str, list[TouchedColumn]]:
    """Follow the columns that changed SQL computes, or computes of other rows.

    Parameters
    ----------
    changes : list of ModelChange
        As `model_changes` gives them.
    before, after : Context
        The older and the newer state, loaded.

    Returns
    -------
    dict of str to list of TouchedColumn
        By schema and table, for each model that differs by itself; ordered by kind, then as in the
        model.
    """
    named = {
        change.name: _kinds(change, before, after)
        for change in changes
        if change.kind != "downstream"
    }
    new = column_readers(after, [change.name for change in changes if change.kind != "removed"])
    is_any_gone = any("removed" in kinds.values() for kinds in named.values())
    kept = [change.name for change in changes if change.kind != "added"]
    # What is gone was read in the older state.
    old = column_readers(before, kept) if is_any_gone else {}
    return {
        model: [
            TouchedColumn(
                column, kind, followers(f"{model}.{column}", old if kind == "removed" else new)
            )
            for column, kind in sorted(kinds.items(), key=lambda item: KINDS.index(item[1]))
        ]
        for model, kinds in named.items()
    }


def column_names(context: "Context", name: str) -> list[str]:
    """Return the columns of a model, by its schema and table, in their order."""
    return list(_model_digest(context, name).columns)


def column_readers(context: "Context", names: list[str]) -> dict[str, set[str]]:
    """Say which columns of the named models read which columns, directly.

    Parameters
    ----------
    context : Context
        The state of the project, loaded.
    names : list of str
        The models whose columns are followed, as schema and table.

    Returns
    -------
    dict of str to set of str
        From ``schema.table.column`` to the ``schema.table.column`` that read it. A column that only
        filters or joins is not followed.
    """
    from sqlmesh.core.lineage import column_dependencies

    readers: dict[str, set[str]] = defaultdict(set)
    for name in names:
        model = context.get_model(name, raise_if_missing=True)
        # Seeds read nothing.
        for column in column_names(context, name) if model.is_sql else ():
            for parent, parent_columns in column_dependencies(context, model.name, column).items():
                for parent_column in parent_columns:
                    readers[f"{short_name(parent)}.{parent_column}"].add(f"{name}.{column}")
    return dict(readers)


def followers(column: str, readers: dict[str, set[str]]) -> list[str]:
    """Follow a column to everything that is computed from it.

    Parameters
    ----------
    column : str
        ``schema.table.column``.
    readers : dict of str to set of str
        As `column_readers` gives it.

    Returns
    -------
    list of str
        ``schema.table.column``, those that read the column itself first, then those that read these
        and so on, each step in the order of the names; without `column`.
    """
    found: list[str] = []
    step = {column}
    while step:
        read = {reader for name in step for reader in readers.get(name, ())}
        step = read - {column, *found}
        found += sorted(step)
    return found


def _kinds(change: ModelChange, before: "Context", after: "Context") -> dict[str, str]:
    """Say how each column is touched, for those that are."""
    if change.kind == "added":
        return dict.fromkeys(column_names(after, change.name), "added")
    if change.kind == "removed":
        return dict.fromkeys(column_names(before, change.name), "removed")
    old, new = _model_digest(before, change.name), _model_digest(after, change.name)
    kinds = {column: "removed" for column in old.columns if column not in new.columns}
    for column, digest in new.columns.items():
        if column not in old.columns:
            kinds[column] = "added"
        elif digest != old.columns[column]:
            kinds[column] = "changed"
        elif new.rows != old.rows:
            kinds[column] = "rows"
    return kinds


def _model_digest(context: "Context", name: str) -> "QueryDigest":
    # Whoever loaded the project has silenced what sqlglot warns of on import.
    from sqlglot.optimizer.qualify import qualify
    from sqlmesh.core.dialect import normalize_mapping_schema

    from orchestration.plan_digests import QueryDigest, query_digest

    model = context.get_model(name, raise_if_missing=True)
    if not model.is_sql:
        return QueryDigest(dict.fromkeys(model.columns_to_types or {}, ""), model.data_hash)
    # As SQLMesh does it for its lineage.
    query = qualify(
        model.render_query_or_raise().copy(),
        dialect=model.dialect,
        schema=normalize_mapping_schema(model.mapping_schema, dialect=model.dialect),
        validate_qualify_columns=False,
        infer_schema=True,
    )
    return query_digest(query)
