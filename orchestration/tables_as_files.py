"""Tables and views of a mapping as files, for who builds in a database of its own."""

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.dbt_macros import dbt_macro
from orchestration.mapping import Mapping, check_mapping, needs_warehouse
from orchestration.mapping.check import Part
from orchestration.mapping.source import Reader
from orchestration.resources import Warehouse


def with_tables_as_files(mapping: Mapping, warehouse: Warehouse, folder: Path) -> Mapping:
    """Return the mapping with its tables and views copied to files; files stay where they are.

    Parameters
    ----------
    mapping : Mapping
    warehouse : Warehouse
        Holds the tables and views. It is read, and let go of.
    folder : Path
        Where the copies go, one Parquet file a relation. They hold the columns that the mapping
        uses and no other, as text.

    Returns
    -------
    Mapping
        Of the same log; it needs no warehouse.

    Raises
    ------
    MappingError
        If there is something to copy, and the mapping does not fit.
    WarehouseInUseError
        If another process holds the warehouse.
    """
    root = Path(warehouse.log.project_root)
    if not needs_warehouse(mapping, root):
        return mapping
    folder.mkdir(parents=True, exist_ok=True)
    copied = {}
    with _opened(warehouse) as connection:
        check_mapping(mapping, connection, root)
        reader = Reader(connection, root)
        for name in type(mapping).model_fields:
            part = getattr(mapping, name)
            if hasattr(part, "relation") and not reader.is_pattern(part.relation):
                file = folder / f"{name}.parquet"
                connection.execute(f"copy ({_text_of(part, reader)}) to ?", [str(file)])
                relation = glob.escape(str(file))
                copied[name] = part.model_copy(update={"relation": relation})
    return mapping.model_copy(update=copied)


@contextmanager
def _opened(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse, or one without tables if nobody has made it yet."""
    exists = warehouse.log.places().warehouse.is_file()
    with warehouse.connect() if exists else duckdb.connect() as connection:
        yield connection


def _text_of(part: Part, reader: Reader) -> str:
    """Select the columns that are used as the text that dbt would read: files lack some types."""
    sensitive, allowed = (
        {name.lower() for name in getattr(part, key, ())}
        for key in ("sensitive", "allowed_sensitive")
    )
    quoted = dbt_macro("quoted_identifier", reader.project_root)
    named = [*part.columns.mapped().values(), *getattr(part, "attributes", ())]
    # One column may be used twice, written in another case.
    used = {name.lower(): quoted(name) for name in named}
    columns = ", ".join(
        f"cast({name} as varchar) as {name}"
        for key, name in used.items()
        if key not in sensitive - allowed
    )
    return f"select {columns} from {reader.sql(part.relation)}"
