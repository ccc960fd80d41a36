"""From query results to the arrays of a release, block by block."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.releases.writing import ReleaseWriter

BLOCK_ROWS = 100_000


def write_ids(
    writer: ReleaseWriter, connection: duckdb.DuckDBPyConnection, name: str, table: str
) -> int:
    """Write the ids of a numbered table (`id` and `number`, ascending together); return how many.

    Parameters
    ----------
    writer : ReleaseWriter
        Of the release.
    connection : DuckDBPyConnection
        To the warehouse.
    name : str
        Of the arrays, without `_text` and `_starts`.
    table : str
        Made by `number_ids`.
    """
    return write_texts(writer, connection, name, f"select id from {table} order by number")


def write_texts(
    writer: ReleaseWriter, connection: duckdb.DuckDBPyConnection, name: str, query: str
) -> int:
    """Write the texts of a query of one column, in its order; return how many."""
    ((count, size),) = connection.execute(
        f"select count(*), coalesce(sum(octet_length(encode(text))), 0) from ({query}) as t(text)"
    ).fetchall()
    text = writer.array(f"{name}_text", int(size))
    starts = writer.array(f"{name}_starts", count + 1)
    starts.append(np.zeros(1, dtype=np.int64))
    end = 0
    for batch in _batches(connection, query):
        encoded = [value.encode("utf-8") for value in batch.column(0).to_pylist()]
        lengths = np.fromiter((len(value) for value in encoded), np.int64, len(encoded))
        starts.append(end + np.cumsum(lengths))
        text.append(np.frombuffer(b"".join(encoded), dtype=np.uint8))
        end += int(lengths.sum())
    return int(count)


def write_columns(
    writer: ReleaseWriter,
    connection: duckdb.DuckDBPyConnection,
    names: list[str],
    count: int,
    query: str,
) -> None:
    """Write the columns of a query, of `count` rows without null, as arrays of these names."""
    arrays = [writer.array(name, count) for name in names]
    for batch in _batches(connection, query):
        for array, column in zip(arrays, batch.columns, strict=True):
            array.append(_numbers(column))


def write_lists(
    writer: ReleaseWriter,
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: list[str],
    owner_count: int,
    query: str,
) -> int:
    """Write rows that belong to owners; return how many there are.

    Parameters
    ----------
    writer : ReleaseWriter
        Of the release.
    connection : DuckDBPyConnection
        To the warehouse.
    table : str
        Of `serving.bundle_arrays.STARTS`.
    columns : list of str
        What the query gives after the owner.
    owner_count : int
        How many owners there are, with rows or without.
    query : str
        The number of the owner and the columns, none null, by owner ascending.
    """
    ((count,),) = connection.execute(f"select count(*) from ({query})").fetchall()
    counts = np.zeros(owner_count, dtype=np.int64)
    arrays = [writer.array(f"{table}_{column}", count) for column in columns]
    for batch in _batches(connection, query):
        owners, *values = batch.columns
        counts += np.bincount(_numbers(owners), minlength=owner_count)
        for array, column in zip(arrays, values, strict=True):
            array.append(_numbers(column))
    writer.whole(f"{table}_starts", np.r_[0, np.cumsum(counts)])
    return int(count)


def number_ids(connection: duckdb.DuckDBPyConnection, table: str, queries: list[str]) -> int:
    """Give ids their numbers, from 0, in the order of their bytes in UTF-8; return how many.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse; gets a temporary table with `id` and `number`.
    table : str
        Its name.
    queries : list of str
        Of one column each; null is left out.
    """
    every = " union all ".join(queries)
    connection.execute(
        f"""
        create or replace temp table {table} as
        select id, cast(row_number() over (order by id) - 1 as integer) as number
        from (select distinct id from ({every}) as named(id)) as ids
        where id is not null
        """
    )
    ((count,),) = connection.execute(f"select count(*) from {table}").fetchall()
    return int(count)


def _batches(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    yield from connection.execute(query).to_arrow_reader(BLOCK_ROWS)


def _numbers(column: pa.Array) -> np.ndarray:
    """Return a column as numbers; a null in it is a mistake of the query."""
    if column.null_count:
        raise ValueError(f"{column.null_count} values are null")
    values = column.to_numpy(zero_copy_only=False)
    return values.astype(np.int64) if values.dtype.kind in "biu" else values
