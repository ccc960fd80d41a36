"""Finding and opening what a mapping points at, read with the very SQL that dbt uses."""

import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import duckdb

from orchestration.dbt_macros import dbt_macro
from orchestration.mapping.problems import Problem, nearest

FILE_ENDINGS = ".parquet, .csv, .tsv, .json, .jsonl or .ndjson"
# Looking at more files one by one takes longer than a person waits for an answer.
FILES_LOOKED_AT = 1000
JSON_KEYS = """
    select
        entries.key,
        case
            when bool_and(entries.type = 'OBJECT') filter (where entries.type != 'NULL')
                then 'STRUCT'
            when bool_and(entries.type = 'ARRAY') filter (where entries.type != 'NULL')
                then 'VARCHAR[]'
            else 'VARCHAR'
        end as kind
    from {rows} as objects, json_each(objects.json) as entries
    group by entries.key
    order by min(entries.id), entries.key
"""


@dataclass(frozen=True)
class Reader:
    """What is needed to read a relation.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse if a relation is a table or view of it, else to anything.
    project_root : Path
        Where relative patterns start, and where the macros are.
    """

    connection: duckdb.DuckDBPyConnection
    project_root: Path

    @cached_property
    def to_utc(self) -> Callable[[str, str], str]:
        """The expression for a moment in UTC, of a text expression and a time zone."""
        return dbt_macro("utc_timestamp", self.project_root)

    @cached_property
    def _known_types(self) -> dict[str, dict[str, str]]:
        return {}

    @cached_property
    def _relation_sql(self) -> Callable[..., str]:
        return dbt_macro("mapped_relation", self.project_root)

    def sql(self, relation: str, names: Sequence[str] = ()) -> str:
        """Return what to write after `from`; JSON is read by the columns wanted, see the macro."""
        place = self.pattern(relation) if self.is_pattern(relation) else relation
        return self._relation_sql(place, names)

    def is_pattern(self, relation: str) -> bool:
        """Tell whether a relation is a pattern of files rather than a table or view."""
        return self._relation_sql(relation).startswith("read_")

    def is_csv(self, relation: str) -> bool:
        """Tell whether a relation is a pattern of files of separated values."""
        return self._relation_sql(relation).startswith("read_csv")

    def is_json(self, relation: str) -> bool:
        """Tell whether a relation is a pattern of JSON files, whose names differ in case, too."""
        return self._relation_sql(relation).startswith("read_json")

    def pattern(self, relation: str) -> str:
        """Return a pattern that means the same from everywhere; the project's own path is none."""
        if "://" in relation:
            return relation
        return str(Path(glob.escape(str(self.project_root))) / Path(relation).expanduser())

    def files(self, relation: str) -> tuple[str, ...]:
        """Return the files that a pattern matches, in the order of their names."""
        query = "select file from glob(?) order by file"
        rows = self.connection.execute(query, [self.pattern(relation)]).fetchall()
        return tuple(str(row[0]) for row in rows)

    def types(self, relation: str) -> dict[str, str]:
        """Return the type of each column: DuckDB's, and of JSON what its values have in common.

        JSON is read as text. A key whose values are all structures, or all lists, is said to be
        ``STRUCT`` or ``VARCHAR[]``; any other is ``VARCHAR``. All rows are looked at, for a key
        may come late, once for each relation and file.
        """
        if relation not in self._known_types:
            query = JSON_KEYS if self.is_json(relation) else "describe select * from {rows}"
            rows = self.connection.execute(query.format(rows=self.sql(relation))).fetchall()
            self._known_types[relation] = {str(row[0]): str(row[1]) for row in rows}
        return self._known_types[relation]

    def tables(self) -> list[str]:
        """Return the names of tables and views, with and without catalogue and default schema.

        The views of the mapping itself, which dbt makes in the schema `mapped`, are left out.
        """
        rows = self.connection.execute(
            """
            select table_catalog, table_schema, table_name from information_schema.tables
            where table_schema != 'mapped'
            """
        ).fetchall()
        names = [f"{schema}.{table}" for _, schema, table in rows]
        names += [table for _, schema, table in rows if schema == "main"]
        return names + [".".join(row) for row in rows]


@dataclass(frozen=True)
class Source:
    """A relation that can be read.

    Parameters
    ----------
    key : str
        Its key in the mapping, e.g. `events.relation`.
    relation : str
        As the mapping names it.
    types : dict of str to str
        DuckDB's type of each column, by its name in the source.
    files : tuple of str
        The files of a pattern; empty for a table or view.
    is_json : bool
        Whether names that differ in case only are different columns.
    """

    key: str
    relation: str
    types: dict[str, str]
    files: tuple[str, ...]
    is_json: bool

    def name_of(self, name: str) -> str | None:
        """Return the column that SQL reads as `name`; None if there is none."""
        if self.is_json:
            return name if name in self.types else None
        return next((found for found in self.types if found.lower() == name.lower()), None)


def open_source(key: str, relation: str, reader: Reader) -> Source | list[Problem]:
    """Look at the columns of a relation; return its problems if it cannot be read."""
    files: tuple[str, ...] = ()
    try:
        if reader.is_pattern(relation):
            files = reader.files(relation)
            if not files:
                return [_no_file(key, relation, reader)]
        # Asked for a table that does not exist, DuckDB looks for files and extensions of that name.
        elif relation.replace('"', "").lower() not in map(str.lower, reader.tables()):
            return [_no_table(key, relation, reader)]
        return Source(key, relation, reader.types(relation), files, reader.is_json(relation))
    except duckdb.Error as error:
        return unreadable(key, relation, files, error, reader)


def unreadable(
    key: str, relation: str, files: tuple[str, ...], error: duckdb.Error, reader: Reader
) -> list[Problem]:
    """Say which of the files are to blame for `error`, or that no single one is."""
    problems = []
    for file in files[:FILES_LOOKED_AT]:
        try:
            names = list(reader.types(file))
            reader.connection.execute(f"summarize select * from {reader.sql(file, names)}")
        except duckdb.Error as reason:
            rule = f"holds a file that cannot be read, {file}: {reason_of(reason)}"
            problems.append(Problem(key, relation, rule, "repair the file or take it out"))
    if problems:
        return problems
    rule = f"cannot be read: {reason_of(error)}"
    remedy = "make the files alike" if len(files) > 1 else "correct the source"
    return [Problem(key, relation, rule, remedy)]


def files_without(source: Source, names: list[str], reader: Reader) -> list[Problem]:
    """Name the files that lack a column which the others have; their rows would all be lost."""
    problems = []
    for file in source.files[:FILES_LOOKED_AT] if len(source.files) > 1 else ():
        alone = replace(source, types=reader.types(file))
        missing = [name for name in names if not alone.name_of(name)]
        query = f"select 1 from {reader.sql(file, list(alone.types))} limit 1"
        if missing and reader.connection.execute(query).fetchone():
            rule = f"holds a file without {', '.join(map(repr, missing))}, {file}"
            remedy = "give the file the columns of the others or take it out"
            problems.append(Problem(source.key, source.relation, rule, remedy))
    return problems


def reason_of(error: duckdb.Error) -> str:
    """Return the first line of DuckDB's message, without the class of the error.

    Of a line of a CSV file what is wrong with it, too, which comes last before the possible fixes.
    """
    text = str(error).split("Possible fixes")[0].strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = lines[0].split("Error: ", maxsplit=1)[-1]
    if reason.startswith("CSV Error on Line") and len(lines) > 1:
        reason = f"{reason}, {lines[-1]}"
    return reason.rstrip(".")


def _no_file(key: str, relation: str, reader: Reader) -> Problem:
    pattern = reader.project_root / Path(relation).expanduser()
    names = [file.name for file in pattern.parent.iterdir()] if pattern.parent.is_dir() else []
    hint = nearest(pattern.name, names)
    remedy = f"did you mean {str(Path(relation).with_name(hint))!r}?" if hint else "correct it"
    start = "" if relation == str(pattern) else f" (it starts at {reader.project_root})"
    return Problem(key, relation, f"matches no file{start}", remedy)


def _no_table(key: str, relation: str, reader: Reader) -> Problem:
    if "/" in relation or "*" in relation:
        rule = f"is neither a table nor a pattern of files, which ends in {FILE_ENDINGS}"
        return Problem(key, relation, rule, "correct the ending or load it into the warehouse")
    hint = nearest(relation, reader.tables())
    remedy = f"did you mean {hint!r}?" if hint else "load it there or name a pattern of files"
    if not hint and relation.count(".") == 2:
        other = relation.split(".")[0]
        remedy = f"copy it from the database {other!r} to Parquet files and name these"
    return Problem(key, relation, "is no table or view of the warehouse", remedy)
