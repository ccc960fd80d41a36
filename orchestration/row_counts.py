"""How many rows the tables have that dbt built, for Dagster's pages."""

from collections.abc import Iterable, Iterator

import dagster as dg

from orchestration.resources import Warehouse

# How the line of the log begins that names a built table: whoever follows a run can show it.
BUILT = "built "
TABLES = """
    select schema_name, table_name from duckdb_tables()
    where database_name = current_database()
"""


def with_row_counts(
    context: dg.AssetExecutionContext, events: Iterable, warehouse: Warehouse
) -> Iterator:
    """Hold what dbt reports until it lets go of the warehouse, then add the rows of each table.

    Dagster's own `fetch_row_counts` holds the events too, and then opens the warehouse once a
    table; this opens it once.

    Parameters
    ----------
    context : AssetExecutionContext
        Of the step; each table is named in its log as soon as it is built.
    events : iterable
        What dagster-dbt makes of the lines of dbt.
    warehouse : Warehouse
        Where the tables are. Views are not counted: that would run them.

    Yields
    ------
    Output, AssetCheckResult and others
        The events in their order. An error of dbt comes after what was built before it.
    """
    held, failure = [], None
    try:
        for event in events:
            held.append(event)
            if isinstance(event, dg.Output):
                context.log.info(f"{BUILT}{'.'.join(_key(context, event).path)}")
    except Exception as error:  # Raised again below.
        failure = error
    built = [_key(context, event) for event in held if isinstance(event, dg.Output)]
    # Who counts opens the file, which may be why dbt failed.
    counts = {} if failure else _row_counts(warehouse, built)
    for event in held:
        count = counts.get(_key(context, event)) if isinstance(event, dg.Output) else None
        if count is None:
            yield event
        else:
            yield event.with_metadata({**event.metadata, "dagster/row_count": count})
    if failure is not None:
        raise failure


def _key(context: dg.AssetExecutionContext, output: dg.Output) -> dg.AssetKey:
    return context.asset_key_for_output(output.output_name)


def _row_counts(warehouse: Warehouse, keys: list[dg.AssetKey]) -> dict[dg.AssetKey, int]:
    """Count the rows of those that are tables."""
    with warehouse.connect() as connection:
        found = {tuple(row) for row in connection.execute(TABLES).fetchall()}
        tables = [key for key in keys if tuple(key.path) in found]
        if not tables:
            return {}
        counts = " union all ".join(
            f"select {number} as number, count(*) as row_count from {'.'.join(key.path)}"
            for number, key in enumerate(tables)
        )
        rows = connection.execute(counts).fetchall()
    return {tables[number]: count for number, count in rows}
