"""Comparing the event types of a log with the decisions about them in `seeds/event_types.csv`."""

import csv
import io
from pathlib import Path

from orchestration.mapping.counts import Counts
from orchestration.mapping.problems import Problem, nearest
from orchestration.mapping.seeds import read_seed

ROLES = ("positive", "view", "negative", "ignore")
_ROLES_TEXT = f"{', '.join(ROLES[:-1])} or {ROLES[-1]} (docs/bring-your-own-events.md)"
# What a new line of the seed says until somebody decides; what is not named stays empty. Its role
# is none, so that a line that was added without a thought is refused, and teaches nothing.
_NEW_LINE = {"role": "ROLE", "weight": "1", "half_life_days": "90"}
# More rows of unknown types are a mistake; up to so many are quarantined one by one.
UNKNOWN_PERCENT_TOLERATED = 1
TYPES_SHOWN = 10

_KEY = "events.columns.event_type"
_NEEDED = ("mapping", "event_type", "role")


class EventTypes:
    """The seed, as far as one mapping needs it.

    Parameters
    ----------
    mapping : str
        Name of the mapping.
    project_root : Path
        Folder of `dbt_project.yml`.

    Raises
    ------
    SeedError
        If the file cannot be used.
    """

    def __init__(self, mapping: str, project_root: Path) -> None:
        seed = read_seed(project_root / "seeds" / "event_types.csv", _NEEDED)
        rows, self.header = seed.rows, seed.header
        self.mapping = mapping
        self.mappings = sorted({row["mapping"].strip() for row in rows})
        self.roles = {
            row["event_type"].strip().lower(): row["role"].strip()
            for row in rows
            if row["mapping"].strip() == mapping
        }

    def line(self, event_type: str) -> str:
        """Return the line to add for a type; its role and weight are for a person to decide."""
        values = {**_NEW_LINE, "mapping": self.mapping, "event_type": event_type}
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(
            [values.get(column, "") for column in self.header]
        )
        return text.getvalue()

    def lines(self, types: list[str]) -> str:
        """Return the lines to add, as the end of a message."""
        lines = "".join(f"\n    {self.line(event_type)}" for event_type in types)
        return f"add to seeds/event_types.csv, with ROLE replaced by {_ROLES_TEXT}:{lines}"


def judge_event_types(
    source_name: str, counts: Counts, seed: EventTypes
) -> tuple[list[Problem], list[str]]:
    """Return what is wrong with the event types of a log, and warnings about rare ones.

    Parameters
    ----------
    source_name : str
        The column of event types, as the source names it.
    counts : Counts
        Of a log with at least one event type.
    seed : EventTypes

    Returns
    -------
    list of Problem, list of str
    """
    undecided = [_undecided(name, role) for name, role in seed.roles.items() if role not in ROLES]
    if undecided:
        return undecided, []
    unknown = [name for name in counts.types if name not in seed.roles]
    known = [name for name in counts.types if name in seed.roles]
    if not known:
        return [_strange_types(source_name, unknown, counts, seed)], []
    problems, warnings = [], []
    if "positive" not in {seed.roles[name] for name in known}:
        found = _counted(list(counts.types), counts)
        rule = f"has no row whose type has the role positive; there are {found}"
        remedy = f"give one of them that role for {seed.mapping!r} in seeds/event_types.csv"
        problems.append(Problem(_KEY, source_name, rule, remedy))
    rows = counts.present("event_type") - sum(counts.types[name] for name in known)
    rule = f"has {rows:,} of {counts.rows:,} rows of unknown types, {_counted(unknown, counts)}"
    lines = seed.lines(unknown[:TYPES_SHOWN])
    if 100 * rows > UNKNOWN_PERCENT_TOLERATED * counts.rows:
        problems.append(Problem(_KEY, source_name, rule, lines))
    elif rows:
        warnings.append(f"{_KEY}: {source_name!r} {rule}; they are quarantined unless you {lines}")
    return problems, warnings


def _undecided(event_type: str, role: str) -> Problem:
    """Return the problem of a line whose role is none."""
    rule = f"is not a role, but stands as that of {event_type!r}"
    return Problem("seeds/event_types.csv", role, rule, f"write {_ROLES_TEXT}")


def _strange_types(
    source_name: str, unknown: list[str], counts: Counts, seed: EventTypes
) -> Problem:
    """Return the problem of a log none of whose types is known for this mapping."""
    lines = seed.lines(unknown[:TYPES_SHOWN])
    if not seed.roles:
        hint = nearest(seed.mapping, seed.mappings)
        remedy = f"{f'is it {hint!r}? Else ' if hint else ''}{lines}"
        return Problem("name", seed.mapping, "has no rows in seeds/event_types.csv", remedy)
    rule = (
        f"holds none of the event types of {seed.mapping!r} ({', '.join(sorted(seed.roles))}) "
        f"but {_counted(unknown, counts)}"
    )
    return Problem(_KEY, source_name, rule, f"map the column of event types, or {lines}")


def _counted(types: list[str], counts: Counts) -> str:
    """Return types with their counts, the rest by number."""
    named = ", ".join(f"{name} ({counts.types[name]:,})" for name in types[:TYPES_SHOWN])
    return f"{named} and more" if len(types) > TYPES_SHOWN else named
