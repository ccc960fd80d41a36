"""Reading the seeds, which people write, by the rules by which dbt reads them."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from orchestration.mapping.problems import MappingError, Problem

# What some spreadsheets write in place of commas.
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}
# Every decision is about one log.
EVERYWHERE = ("mapping",)


class SeedError(MappingError):
    """A seed that cannot be used, with everything that is wrong with it."""

    noun = "seed"


@dataclass(frozen=True)
class Seed:
    """A seed whose lines all have the fields that its first line names.

    Attributes
    ----------
    header : list of str
        Names of the columns.
    rows : list of dict of str to str
        One per line that is not blank.
    """

    header: list[str]
    rows: list[dict[str, str]]


def check_seeds(project_root: Path) -> None:
    """Make sure that dbt can read the seeds of a project, and takes of them what was meant.

    It would load a file with other separators as one column, and fails on one of another encoding
    before it has read the project.

    Parameters
    ----------
    project_root : Path
        Folder of `dbt_project.yml`.

    Raises
    ------
    SeedError
        If one cannot be used.
    """
    for file in sorted((project_root / "seeds").glob("*.csv")):
        read_seed(file)


def read_seed(file: Path, needed: tuple[str, ...] = EVERYWHERE) -> Seed:
    """Read a seed.

    Parameters
    ----------
    file : Path
        Of separated values in UTF-8; it may begin with a byte-order mark, which dbt drops too.
    needed : tuple of str
        Columns without which it is of no use.

    Raises
    ------
    SeedError
        If there is something wrong with it. All lines that are wrong are named at once.
    """
    reader = csv.reader(io.StringIO(_text(file), newline=""))
    header = next(reader, [])
    fault = _fault_of(header, needed)
    if fault:
        raise SeedError(file, [fault])
    rows: list[dict[str, str]] = []
    problems: list[Problem] = []
    begins = reader.line_num + 1
    for row in reader:
        if row and len(row) != len(header):
            problems.append(_odd_line(begins, len(row), len(header)))
        elif row:
            rows.append(dict(zip(header, row, strict=True)))
        begins = reader.line_num + 1
    if problems:
        raise SeedError(file, problems)
    return Seed(header, rows)


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise SeedError(file, [Problem("file", None, rule, "put it in its place")]) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        remedy = "save the file as UTF-8 (in Excel: CSV UTF-8)"
        raise SeedError(file, [_problem(line, "is not in UTF-8", remedy)]) from error


def _fault_of(header: list[str], needed: tuple[str, ...]) -> Problem | None:
    """Return what is wrong with the first line."""
    if not header:
        return _problem(1, "is empty", "write the names of the columns there")
    for mark, name in OTHER_SEPARATORS.items():
        if len(header) == 1 and mark in header[0]:
            return _problem(1, f"is separated by {name}", "save the file separated by commas")
    missing = [name for name in needed if name not in header]
    if missing:
        return _problem(1, f"names no column {missing[0]!r}", "write it as it was there before")
    return None


def _odd_line(line: int, found: int, wanted: int) -> Problem:
    fields = "1 field" if found == 1 else f"{found} fields"
    remedy = "leave a field empty between commas, and put one with a comma in quotes"
    return _problem(line, f"has {fields} and must have {wanted}, as the first line has", remedy)


def _problem(line: int, rule: str, remedy: str) -> Problem:
    return Problem(f"line {line}", None, rule, remedy)
