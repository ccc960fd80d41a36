"""What the columns of a relation must hold, by the meaning that the mapping gives them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from orchestration.mapping.problems import Problem, nearest
from orchestration.mapping.source import Source

NAMES_SHOWN = 20

_INTEGER = r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"
_NUMBER = rf"{_INTEGER}|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)"
_MOMENT = r"DATE|TIMESTAMP[A-Z_ ]*"
# A column without a single value has the type "NULL".
_TEXT = r"VARCHAR|JSON|ENUM\([^\[]*\)|UUID|\"NULL\""
_TRUTH_WORDS = "('true', 't', 'yes', 'y', '1', 'false', 'f', 'no', 'n', '0')"


@dataclass(frozen=True)
class Kind:
    """What one meaning asks of a column.

    Parameters
    ----------
    accepted : str
        Pattern of the types that may hold it.
    trusted : str
        Pattern of the types whose every value is usable; others are looked at row by row.
    rule : str
        What a column must hold, to be read after "must be".
    remedy : str
        What to do if it does not.
    tolerated_percent : int
        Of a column's values may be unusable; with more it is the wrong column.
    """

    accepted: str
    trusted: str
    rule: str
    remedy: str
    tolerated_percent: int = 50


_IDS = Kind(
    accepted=rf"{_TEXT}|{_NUMBER}|{_MOMENT}|BOOLEAN",
    trusted=".*",
    rule="one value a row",
    remedy="map a column that is no list or structure, or unnest it in a view",
)
_CATEGORIES = Kind(
    accepted=rf"{_IDS.accepted}|VARCHAR\[\]",
    trusted=".*",
    rule="text or a list of texts",
    remedy="map such a column",
)
_MOMENTS = Kind(
    accepted=rf"{_TEXT}|{_NUMBER}|{_MOMENT}",
    trusted=_MOMENT,
    rule="a time: a timestamp, a date, ISO 8601 text, or seconds or milliseconds since 1970",
    remedy="map the column of times",
)
_NUMBERS = Kind(
    accepted=rf"{_TEXT}|{_NUMBER}",
    trusted=_NUMBER,
    rule="a number",
    remedy="map a column of numbers, or leave the key out",
)
_RANKS = Kind(
    accepted=rf"{_TEXT}|{_NUMBER}",
    trusted="",
    rule="a whole number that starts at 1",
    remedy="map the column of ranks; add 1 in a view if yours start at 0",
    tolerated_percent=1,
)
_TRUTHS = Kind(
    accepted=rf"{_TEXT}|{_INTEGER}|BOOLEAN",
    trusted="BOOLEAN",
    rule="true or false (or yes and no, 1 and 0)",
    remedy="map such a column, or leave the key out",
    tolerated_percent=1,
)
_KINDS = {
    "category": _CATEGORIES,
    "occurred_at": _MOMENTS,
    "loaded_at": _MOMENTS,
    "created_at": _MOMENTS,
    "signed_up_at": _MOMENTS,
    "shown_at": _MOMENTS,
    "timestamp": _MOMENTS,
    "starts_at": _MOMENTS,
    "ends_at": _MOMENTS,
    "value": _NUMBERS,
    "price": _NUMBERS,
    "propensity": _NUMBERS,
    "duration_ms": _NUMBERS,
    "is_degraded": _TRUTHS,
    "rank": _RANKS,
    "available": _TRUTHS,
}


@dataclass(frozen=True)
class Column:
    """A column that exists and can be counted.

    Parameters
    ----------
    key : str
        Its key in the mapping, e.g. `events.columns.user_id`.
    name : str
        The last part of the key: the meaning.
    source_name : str
        The name in the source.
    type : str
        DuckDB's type.
    """

    key: str
    name: str
    source_name: str
    type: str

    @property
    def kind(self) -> Kind:
        """What is asked of the column."""
        return _KINDS.get(self.name, _IDS)

    @property
    def quoted(self) -> str:
        """The name in the source, as an SQL identifier."""
        return '"' + self.source_name.replace('"', '""') + '"'

    def present_sql(self) -> str:
        """Return the expression that is null in rows without a value."""
        if not re.fullmatch(_TEXT, self.type):
            return self.quoted
        return f"nullif(trim(cast({self.quoted} as varchar)), '')"

    def usable_sql(self, to_utc: Callable[[str], str]) -> str:
        """Return the expression that is null in rows whose value cannot be used.

        Parameters
        ----------
        to_utc : callable
            From a text expression to that of the moment it holds.
        """
        text = f"cast({self.quoted} as varchar)"
        if re.fullmatch(self.kind.trusted, self.type):
            return self.present_sql()
        if self.kind is _MOMENTS:
            return to_utc(text)
        if self.kind is _RANKS:
            return f"case when try_cast({text} as bigint) >= 1 then 1 end"
        if self.kind is _TRUTHS:
            return f"case when lower(trim({text})) in {_TRUTH_WORDS} then 1 end"
        return f"try_cast({text} as double)"


def find_columns(
    part: str, columns: dict[str, str], source: Source
) -> tuple[list[Column], list[Problem]]:
    """Look the mapped columns up in the source; return those that are fit and what is wrong.

    Parameters
    ----------
    part : str
        The part of the mapping, e.g. `events`.
    columns : dict of str to str
        Meaning to name in the source.
    source : Source
    """
    found, problems = [], []
    for name, source_name in columns.items():
        key = f"{part}.columns.{name}"
        found_name = source.name_of(source_name)
        if found_name is None:
            problems.append(no_such_column(key, source_name, source))
            continue
        column = Column(key, name, source_name, source.types[found_name])
        if re.fullmatch(column.kind.accepted, column.type):
            found.append(column)
        else:
            rule = f"has the type {column.type} but must be {column.kind.rule}"
            problems.append(Problem(key, source_name, rule, column.kind.remedy))
    return found, problems


def no_such_column(key: str, source_name: str, source: Source) -> Problem:
    """Say that the source does not have a name, with the nearest it has."""
    hint = nearest(source_name, source.types)
    names = ", ".join(list(source.types)[:NAMES_SHOWN])
    remedy = f"did you mean {hint!r}?" if hint else f"it has {names}"
    return Problem(key, source_name, f"is no column of {source.relation}", remedy)
