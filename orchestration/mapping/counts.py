"""Counting the rows of a source once, by what the mapping says about its columns."""

from dataclasses import dataclass
from datetime import datetime

from orchestration.mapping.columns import Column
from orchestration.mapping.problems import Problem
from orchestration.mapping.source import Reader, Source

# Types beyond the most frequent are not named one by one; a wrong column has as many as rows.
TYPES_NAMED = 50


@dataclass(frozen=True)
class ColumnCount:
    """How many values of a column are there, and how many can be used.

    Parameters
    ----------
    column : Column
    present : int
        Rows with a value.
    usable : int
        Rows whose value is what the key asks for, <= `present`.
    example : str or None
        A value that cannot be used; None when there is none.
    """

    column: Column
    present: int
    usable: int
    example: str | None


@dataclass(frozen=True)
class Counts:
    """What one look at all rows of a source gives.

    Parameters
    ----------
    rows : int
    columns : list of ColumnCount
    types : dict of str to int
        Rows of each known event type and of the most frequent others, most frequent first.
    first_at : datetime or None
        The earliest `occurred_at`, UTC.
    """

    rows: int
    columns: list[ColumnCount]
    types: dict[str, int]
    first_at: datetime | None

    def present(self, name: str) -> int:
        """Return how many rows have a value in the column mapped as `name`."""
        return next(count.present for count in self.columns if count.column.name == name)


def count_rows(
    source: Source, columns: list[Column], known_types: list[str], time_zone: str, reader: Reader
) -> Counts:
    """Count in one scan; the events by type, anything else as a whole.

    Parameters
    ----------
    source : Source
    columns : list of Column
        Columns that exist, of types that can hold what they must.
    known_types : list of str
        Event types to count however rare they are; lower case.
    time_zone : str
        Of times without an offset.
    reader : Reader

    Raises
    ------
    duckdb.Error
        If a row cannot be read.
    """
    query = _query(source, columns, time_zone, reader)
    rows = reader.connection.execute(query, [TYPES_NAMED, known_types]).fetchall()
    if not rows:
        return Counts(0, [ColumnCount(column, 0, 0, None) for column in columns], {}, None)
    totals = rows[0][2:]
    counts = [
        ColumnCount(column, totals[2 + 3 * place], totals[3 + 3 * place], totals[4 + 3 * place])
        for place, column in enumerate(columns)
    ]
    types = {row[0]: row[1] for row in rows if row[0] is not None}
    return Counts(totals[0], counts, types, totals[1])


def _query(source: Source, columns: list[Column], time_zone: str, reader: Reader) -> str:
    """Write the query: two columns of the type, two of the whole, three of each column."""
    event_type, first_at, first_zone = "cast(null as varchar)", "cast(null as timestamp)", "UTC"
    names = list(dict.fromkeys(column.source_name for column in columns))
    inner, outer = [], []
    for place, column in enumerate(columns):
        present = column.present_sql()
        usable = column.usable_sql(lambda text: reader.to_utc(text, time_zone))
        if column.name == "event_type":
            event_type = f"nullif(lower(trim(cast({column.quoted} as varchar))), '')"
        if column.name == "occurred_at":
            first_at, first_zone = usable, time_zone if present == usable else "UTC"
        unusable = f"case when {present} is not null and {usable} is null then {present} end"
        inner.append(
            f"count({present}) as present_{place},\n"
            f"count({usable}) as usable_{place},\n"
            f"cast(min({unusable}) as varchar) as example_{place}"
        )
        outer.append(
            f"cast(sum(present_{place}) over () as bigint),\n"
            f"cast(sum(usable_{place}) over () as bigint),\n"
            f"min(example_{place}) over ()"
        )
    return f"""
        with counted as (
            select {event_type} as type, count(*) as row_count, min({first_at}) as first_at,
                {", ".join(inner)}
            from {reader.sql(source.relation, names)}
            group by 1
        )
        select type, row_count, cast(sum(row_count) over () as bigint),
            {reader.to_utc("cast(min(first_at) over () as varchar)", first_zone)},
            {", ".join(outer)}
        from counted
        qualify row_number() over (order by row_count desc, type) <= ? or type in (select unnest(?))
        order by row_count desc, type
    """


def judge_columns(counts: Counts, required: list[str]) -> tuple[list[Problem], list[str]]:
    """Return the columns that cannot be what they are mapped as, and warnings about single rows.

    Parameters
    ----------
    counts : Counts
        Of a source with at least one row.
    required : list of str
        Names of the columns that must have values.
    """
    problems, warnings = [], []
    for count in counts.columns:
        column, unusable = count.column, count.present - count.usable
        values = f"{unusable:,} of {count.present:,} values"
        if column.name in required and count.present == 0:
            remedy = "map a column with values"
            problems.append(
                Problem(column.key, column.source_name, "is empty in every row", remedy)
            )
        elif 100 * unusable > column.kind.tolerated_percent * count.present:
            rule = f"must be {column.kind.rule}, but {values} are not, such as {count.example!r}"
            problems.append(Problem(column.key, column.source_name, rule, column.kind.remedy))
        elif unusable:
            warnings.append(f"{column.key}: {values} cannot be used, such as {count.example!r}")
    return problems, warnings
