"""What a mapping says when it is compared with the data it points at."""

from pathlib import Path

import duckdb
import pytest

from orchestration.mapping import MappingError, MappingReport, check_mapping, load_mapping

EVENT = (
    "'ann' as user, 'tea' as item, 'purchase' as type, timestamp '2024-01-01' as at, 1 as quantity"
)


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
