"""Comparing a mapping with the data it points at, before anything is built from it."""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.mapping.columns import Column, find_columns, no_such_column
from orchestration.mapping.counts import Counts, count_rows, judge_columns
from orchestration.mapping.csv_files import misread
from orchestration.mapping.event_types import EventTypes, judge_event_types
from orchestration.mapping.model import (
    Assignments,
    Events,
    Experiments,
    Impressions,
    Items,
    Mapping,
    Users,
)
from orchestration.mapping.problems import MappingError, Problem
from orchestration.mapping.seeds import check_seeds
from orchestration.mapping.source import Reader, Source, files_without, open_source, unreadable

Part = Events | Items | Users | Impressions | Assignments | Experiments


@dataclass(frozen=True)
class MappingReport:
    """What the sources of a usable mapping hold.

    Parameters
    ----------
    row_counts : dict of str to int
        Rows of each part: `events`, and `items`, `users`, `impressions`, `assignments`,
        `experiments` as far as mapped.
    event_types : dict of str to int
        Rows of each event type, most frequent first; beyond fifty only those of the seed.
    warnings : tuple of str
        What a person should know and a run can bear.
    """

    row_counts: dict[str, int]
    event_types: dict[str, int]
    warnings: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the log has no row."""
        return self.row_counts["events"] == 0


@dataclass(frozen=True)
class _Finding:
    """What was found out about one part of a mapping; counts are None if it cannot be read."""

    problems: list[Problem]
    warnings: list[str] = field(default_factory=list)
    counts: Counts | None = None


def needs_warehouse(mapping: Mapping, project_root: Path) -> bool:
    """Tell whether a relation is a table or view, which `check_mapping` must be connected to."""
    with duckdb.connect() as nothing:
        reader = Reader(nothing, project_root)
        return not all(reader.is_pattern(part.relation) for part in _parts(mapping).values())


def check_mapping(
    mapping: Mapping, connection: duckdb.DuckDBPyConnection, project_root: Path
) -> MappingReport:
    """Make sure that a run on this mapping would find what the mapping promises.

    Every source is read once. A log without rows passes, with a warning.

    Parameters
    ----------
    mapping : Mapping
    connection : DuckDBPyConnection
        To the warehouse if `needs_warehouse`, read-only will do; else to anything.
    project_root : Path
        Folder of `dbt_project.yml`.

    Returns
    -------
    MappingReport

    Raises
    ------
    MappingError
        If a source, a column, a type, the times or the event types are not what they should be.
        All problems are named at once.
    SeedError
        If a seed cannot be used.
    """
    check_seeds(project_root)
    reader = Reader(connection, project_root)
    findings = {
        name: _check_part(name, part, mapping, reader) for name, part in _parts(mapping).items()
    }
    problems = [problem for finding in findings.values() for problem in finding.problems]
    if problems:
        raise MappingError(mapping.file, problems)
    counts = {name: finding.counts for name, finding in findings.items() if finding.counts}
    return MappingReport(
        row_counts={name: count.rows for name, count in counts.items()},
        event_types=counts["events"].types,
        warnings=tuple(text for finding in findings.values() for text in finding.warnings),
    )


def _parts(mapping: Mapping) -> dict[str, Part]:
    parts = {
        "events": mapping.events,
        "items": mapping.items,
        "users": mapping.users,
        "impressions": mapping.impressions,
        "assignments": mapping.assignments,
        "experiments": mapping.experiments,
    }
    return {name: part for name, part in parts.items() if part is not None}


def _check_part(name: str, part: Part, mapping: Mapping, reader: Reader) -> _Finding:
    source = open_source(f"{name}.relation", part.relation, reader)
    if not isinstance(source, Source):
        return _Finding(source)
    if source.is_json and not source.types:
        return _Finding([], [_no_rows(source)], Counts(0, [], {}, None))
    mapped = part.columns.mapped()
    torn = misread(source, list(mapped.values()), reader)
    if torn:
        return _Finding(torn)
    columns, problems = find_columns(name, mapped, source)
    required = [key for key, info in type(part.columns).model_fields.items() if info.is_required()]
    for more in ("attributes", "sensitive"):
        for place, source_name in enumerate(getattr(part, more, ())):
            if source.name_of(source_name) is None:
                problems.append(no_such_column(f"{name}.{more}.{place}", source_name, source))
    needed = [column.source_name for column in columns if column.name in required]
    problems += files_without(source, needed, reader)
    seed = EventTypes(mapping.name, reader.project_root)
    zone = getattr(part, "time_zone", "UTC")
    try:
        counts = count_rows(source, columns, list(seed.roles), zone, reader)
    except duckdb.Error as error:
        reasons = unreadable(source.key, source.relation, source.files, error, reader)
        return _Finding([*problems, *reasons])
    if counts.rows == 0:
        return _Finding(problems, [_no_rows(source)], counts)
    unfit, warnings = judge_columns(counts, required)
    faulty, rare = _judge_log(mapping, counts, seed) if name == "events" else ([], [])
    float_ids = _float_ids(columns)
    return _Finding([*problems, *unfit, *faulty], [*warnings, *float_ids, *rare], counts)


def _no_rows(source: Source) -> str:
    return f"{source.key}: {source.relation!r} has no rows"


def _judge_log(
    mapping: Mapping, counts: Counts, seed: EventTypes
) -> tuple[list[Problem], list[str]]:
    """Judge what only the log has: its span and its event types, as far as they could be read."""
    problems, warnings = _future_problems(mapping, counts), list[str]()
    for count in counts.columns:
        if count.column.name == "event_type" and count.present:
            unfit, warnings = judge_event_types(count.column.source_name, counts, seed)
            problems += unfit
    return problems, warnings


def _future_problems(mapping: Mapping, counts: Counts) -> list[Problem]:
    """Refuse a moment before the whole log: each of its rows would be rejected as future."""
    if mapping.as_of is None or counts.first_at is None or counts.first_at < mapping.as_of:
        return []
    rule = f"is not after the first event, at {counts.first_at}"
    return [Problem("as_of", str(mapping.as_of), rule, "correct it, or the column of times")]


def _float_ids(columns: list[Column]) -> list[str]:
    """Warn of ids such as 17850.0, which equal no 17850 of another table."""
    return [
        f"{column.key}: {column.source_name!r} has the type {column.type}, so that its ids end "
        "in .0; cast it to an integer in a view if other tables have whole numbers"
        for column in columns
        if column.name.endswith("_id") and column.type in ("FLOAT", "DOUBLE")
    ]
