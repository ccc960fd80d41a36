"""What is said of a mapping when it is read, and when it is compared with its data."""

from pathlib import Path

import duckdb
import pytest

from orchestration.mapping import MappingError, MappingReport, check_mapping, load_mapping

EVENT = (
    "'ann' as user, 'tea' as item, 'purchase' as type, timestamp '2024-01-01' as at, 1 as quantity"
)


def problems(file: Path, project: Path) -> list[str]:
    """Load a mapping that is wrong; return the lines of the message after the first."""
    with pytest.raises(MappingError) as error:
        load_mapping(str(file), project)
    first, *lines = str(error.value).splitlines()
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    assert first == f"{count} in the mapping {file}:"
    return [line.removeprefix("- ") for line in lines]


def report(file: Path, project: Path, connection=None) -> MappingReport:
    """Check a mapping that is right."""
    return check_mapping(load_mapping(str(file), project), connection or duckdb.connect(), project)


def message(file: Path, project: Path, connection=None) -> str:
    """Check a mapping that is wrong; return the message."""
    with pytest.raises(MappingError) as error:
        report(file, project, connection)
    return str(error.value)


def one_problem(file: Path, problem: str) -> str:
    """Return the message of a mapping with one problem."""
    return f"1 problem in the mapping {file}:\n- {problem}"
