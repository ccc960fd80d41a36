"""Files of separated values whose columns DuckDB does not find, and why."""

import csv
from dataclasses import replace

import duckdb

from orchestration.mapping.problems import Problem
from orchestration.mapping.source import FILES_LOOKED_AT, Reader, Source, reason_of

SEPARATORS = ",;\t|"
# One column that holds the whole line: no text has this character in it.
FIRST_LINE = """
    select line from read_csv(
        ?, auto_detect = false, header = false, delim = chr(1), quote = '', escape = '',
        strict_mode = false, columns = {'line': 'varchar'}
    )
    limit 1
"""
# As in the macro `mapped_relation`, but told what DuckDB finds out by itself in a sound file.
STRICT = """
    select count(*) from read_csv(
        ?, auto_detect = false, header = true, delim = ?, quote = '"', escape = '"', columns = ?
    )
"""


def misread(source: Source, wanted: list[str], reader: Reader) -> list[Problem]:
    """Name the files that begin with the wanted names and yet have no such columns.

    DuckDB finds out how a file is written by its first rows. Where one of them does not fit the
    line of names, it takes that line for something else, and the columns for missing.

    Parameters
    ----------
    source : Source
        Of any kind; only files of separated values have such problems.
    wanted : list of str
        Names that the mapping gives.
    reader : Reader
    """
    if not reader.is_csv(source.relation):
        return []
    lines = {file: _first_line(file, reader) for file in source.files[:FILES_LOOKED_AT]}
    if not any(lines.values()):
        rule = "has only empty files, without even a line of names"
        return [Problem(source.key, source.relation, rule, "write the names of the columns there")]
    problems = []
    for file, line in lines.items():
        reason = _fault(replace(source, types=reader.types(file)), file, line, wanted, reader)
        if reason:
            rule = f"holds a file that cannot be read, {file}: {reason}"
            remedy = "repair the file or take it out"
            problems.append(Problem(source.key, source.relation, rule, remedy))
    return problems


def _fault(alone: Source, file: str, line: str, wanted: list[str], reader: Reader) -> str | None:
    """Say which row of a file does not fit its line of names; None if that is not what is wrong."""
    splits = [(next(csv.reader([line], delimiter=mark), []), mark) for mark in SEPARATORS]
    names, separator = max(splits, key=lambda split: len(split[0]))
    written = {name.strip().lower() for name in names}
    if not any(name.lower() in written and not alone.name_of(name) for name in wanted):
        return None
    columns = {f"{place}": "varchar" for place in range(len(names))}
    try:
        reader.connection.execute(STRICT, [file, separator, columns])
    except duckdb.Error as error:
        return reason_of(error)
    return "its rows do not fit its first line"


def _first_line(file: str, reader: Reader) -> str:
    rows = reader.connection.execute(FIRST_LINE, [file]).fetchall()
    return str(rows[0][0] or "") if rows else ""
