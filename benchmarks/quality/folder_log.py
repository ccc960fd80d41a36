"""A folder of events with times and without a mapping, as a log that the product can read.

What a mapping would decide is assumed, and said. A log that deserves better gets a mapping.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from benchmarks.quality.fixed_split import SplitError, columns_of
from benchmarks.quality.split_times import MOMENTS, moment_column, moment_in_sql
from orchestration.mapping.event_types import EventTypes
from orchestration.settings import PROJECT_ROOT, Settings

# The mapping of `seeds/event_types.csv` in which the one type `interaction` is a success.
ANY_LOG = "any_log"
REQUIRED = ("user_id", "item_id", "event_type")
OPTIONAL = ("value", "session_id", "surface", "device")
BESIDE = {
    "items": ("item_id", "title", "category", "price", "available", "created_at"),
    "users": ("user_id", "signed_up_at"),
}
# The test period, and six before it whose outcomes teach the ranker, want a past of their own.
HORIZONS_IN_A_LOG = 8
LONGEST_HORIZON_DAYS = 28


@dataclass(frozen=True)
class FolderLog:
    """A log with a mapping that was made for it.

    Attributes
    ----------
    settings : Settings
        To run it with.
    assumptions : str
        What the mapping says that nobody has decided.
    """

    settings: Settings
    assumptions: str


@dataclass(frozen=True)
class _Found:
    """What the events of a folder look like."""

    types: dict[str, int]
    first_at: str
    last_at: str
    days: int


def plant_log(folder: Path, home: Path, horizon_days: int | None, *, repeats: bool) -> FolderLog:
    """Write a mapping for the events of a folder, and what it reads where that has to be made.

    Parameters
    ----------
    folder : Path
        Holds `events.parquet` with `user_id`, `item_id`, `event_type` and `event_ts` or
        `occurred_at`; maybe `items.parquet` and `users.parquet`.
    home : Path
        Where everything goes that is built.
    horizon_days : int, optional
        Days at the end that lists are judged by; an eighth of the log, but four weeks at most, if
        left out.
    repeats : bool
        Whether something may be recommended to a user who has had it.

    Raises
    ------
    SplitError
        If columns are missing, or the events do not tell earlier from later days.
    """
    events = folder / "events.parquet"
    read_as = _read_as(events)
    found = _look(events, read_as["occurred_at"])
    horizon = horizon_days or min(LONGEST_HORIZON_DAYS, max(1, found.days // HORIZONS_IN_A_LOG))
    if not horizon < found.days:
        raise SplitError(
            f"{events} spans {found.days} day(s), {found.first_at} to {found.last_at}: no past is "
            f"left to judge the last {horizon} by; ask for a shorter --horizon, or give pairs "
            "without times a column split (train, test)"
        )
    home.mkdir(parents=True, exist_ok=True)
    seed = EventTypes(folder.name, PROJECT_ROOT)
    is_known = bool(seed.roles) and set(found.types) <= set(seed.roles)
    source = events if is_known else home / "events.parquet"
    if not is_known:
        read_as = _write_as_successes(events, source, read_as)
    name = folder.name if is_known else ANY_LOG
    content = {
        "name": name,
        "events": {"relation": str(source), "columns": read_as},
        **_beside(folder),
        "horizon_days": horizon,
        "repeats": repeats,
        "bot_interactions_per_day": None,
    }
    mapping = home / f"{name}.yml"
    mapping.write_text(yaml.safe_dump({"mapping": content}, sort_keys=False), encoding="utf-8")
    said = _assumptions(folder.name, found, horizon, is_known=is_known, repeats=repeats)
    return FolderLog(Settings(home=home, mapping=str(mapping)), said)


def _read_as(events: Path) -> dict[str, str]:
    """Return the columns of a log: name of the product to name in the file."""
    columns = columns_of(events.parent)
    moment = moment_column(columns)
    missing = [name for name in REQUIRED if name not in columns]
    if moment is None or missing:
        missing += [] if moment else [" or ".join(MOMENTS)]
        raise SplitError(
            f"{events} lacks the columns {', '.join(missing)} of a log, and the column split of a "
            "fixed split"
        )
    kept = {name: name for name in (*REQUIRED, *OPTIONAL) if name in columns}
    return {**kept, "occurred_at": moment}


def _look(events: Path, moment: str) -> _Found:
    """Count types and days."""
    parsed = moment_in_sql(moment)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        types = connection.execute(
            "select lower(trim(event_type)), count(*) from read_parquet(?) group by 1 "
            "order by 2 desc, 1",
            [str(events)],
        ).fetchall()
        first_at, last_at, days = connection.execute(
            f"select min({parsed}), max({parsed}), "
            f"date_diff('day', min({parsed}), max({parsed})) + 1 from read_parquet(?)",
            [str(events)],
        ).fetchall()[0]
    if days is None:
        raise SplitError(f"{events} has no row whose {moment} can be read as a time")
    counts = {str(name): count for name, count in types}
    return _Found(counts, f"{first_at:%Y-%m-%d}", f"{last_at:%Y-%m-%d}", days)


def _write_as_successes(events: Path, target: Path, columns: dict[str, str]) -> dict[str, str]:
    """Copy events as ones of the type `interaction`; return the columns of the copy.

    Rows that differ in their type alone stay apart by their `event_id`.
    """
    named = ", ".join(
        f"{source} as {name}" for name, source in columns.items() if name != "event_type"
    )
    texts = ", ".join(f"cast({source} as varchar)" for source in columns.values())
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select md5(to_json([{texts}])) as event_id, 'interaction' as event_type, "
            f"{named} from read_parquet({_quoted(events)})) to {_quoted(target)} (format parquet)"
        )
    return {name: name for name in ("event_id", *columns)}


def _beside(folder: Path) -> dict[str, object]:
    """Map catalogue and users, if there are files of them."""
    parts: dict[str, object] = {}
    for name, known in BESIDE.items():
        file = folder / f"{name}.parquet"
        columns = columns_of(folder, file.name) if file.is_file() else set()
        if known[0] in columns:
            mapped = {column: column for column in known if column in columns}
            parts[name] = {"relation": str(file), "columns": mapped}
    return parts


def _assumptions(name: str, found: _Found, horizon: int, *, is_known: bool, repeats: bool) -> str:
    """Say what was decided for the reader."""
    types = ", ".join(f"{kind} {count:,}" for kind, count in list(found.types.items())[:10])
    meaning = (
        "event types mean what seeds/event_types.csv says"
        if is_known
        else "every event is a success whatever its type, and counts the same"
    )
    return (
        f"{name} has no mapping, so one was made. {found.first_at} to {found.last_at}; {types}. "
        f"Assumed: {meaning}; lists are judged by the last {horizon} days (--horizon); "
        f"{'they may repeat' if repeats else 'they never repeat'} what a user has had "
        f"(--{'no-' if repeats else ''}repeats)."
    )


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
