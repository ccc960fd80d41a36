"""Parquet files that grow table by table."""

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

# Values that seldom repeat: a dictionary of them would be larger than the column.
PLAIN_COLUMNS = (
    "event_id",
    "occurred_at",
    "loaded_at",
    "session_id",
    "request_id",
    "shown_at",
    "propensity",
)


class TableStream:
    """A Parquet file written in groups of rows; a context manager.

    Parameters
    ----------
    path : Path
        Overwritten.
    group_rows : int
        Rows held before they are written, >= 1. Changes the layout of the
        file, never its content.

    Attributes
    ----------
    rows : int
        Rows appended so far.
    """

    def __init__(self, path: Path, group_rows: int) -> None:
        if group_rows < 1:
            raise ValueError(f"group_rows must be >= 1, got {group_rows}")
        self.rows = 0
        self._path = path
        self._group_rows = group_rows
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def append(self, table: pa.Table) -> None:
        """Add rows.

        Parameters
        ----------
        table : Table
            Of the same columns as the first.
        """
        self.rows += table.num_rows
        self._waiting_rows += table.num_rows
        self._waiting.append(table)
        if self._waiting_rows >= self._group_rows:
            self._flush()

    def close(self) -> None:
        """Write what is left and finish the file."""
        if self._waiting:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        """Write the waiting rows as one group."""
        table = pa.concat_tables(self._waiting)
        if self._writer is None:
            self._writer = open_writer(self._path, table.schema)
        self._writer.write_table(table)
        self._waiting, self._waiting_rows = [], 0


def open_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a compressed Parquet file.

    Parameters
    ----------
    path : Path
        Overwritten.
    schema : Schema

    Returns
    -------
    ParquetWriter
    """
    dictionary = [name for name in schema.names if name not in PLAIN_COLUMNS]
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=dictionary)


def write_file(path: Path, table: pa.Table) -> None:
    """Write one table as a compressed Parquet file.

    Parameters
    ----------
    path : Path
        Overwritten.
    table : Table
    """
    with open_writer(path, table.schema) as writer:
        writer.write_table(table)
