"""A fixed split of pairs as a log that the product can read.

A folder with `events.parquet` (`user_id`, `item_id`, `split`: train, test, maybe validation; maybe
times) becomes a log of three days: what is trained on happens on the first, or before it if there
are times, what settings are chosen by, or what the ranker learns to foretell, on the second, the
test on the third. So the product's own cutoffs keep them apart.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import yaml

from benchmarks.quality.split_times import (
    SplitTimes,
    moment_column,
    moment_in_sql,
    moment_of_pair,
    tell_times,
)
from orchestration.reviewed import ReviewedSettings, read_reviewed, write_reviewed
from orchestration.settings import PROJECT_ROOT, Settings

NAME = "fixed_split"
REQUIRED = {"user_id", "item_id", "split"}
# How the parts are called elsewhere; case does not matter.
SPELLINGS = {
    "train": "train",
    "training": "train",
    "valid": "validation",
    "val": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


class SplitError(ValueError):
    """Data that nothing can be measured on."""


@dataclass(frozen=True)
class FixedSplit:
    """A split as two logs.

    Attributes
    ----------
    search : Settings
        To choose settings with: validation pairs on the second day, test pairs on the third.
    validation : Settings
        The same log before the third day, to judge lists by the validation pairs.
    final : Settings
        To measure with. Training pairs on the first two days, those of the second being what the
        ranker learns to foretell from the others; so all are known when the test begins. Validation
        pairs of the split's own are left out, as in the published figures.
    times : SplitTimes
        What is known of when pairs happened.
    notes : tuple of str
        What a reader of the figures should know.
    """

    search: Settings
    validation: Settings
    final: Settings
    times: SplitTimes
    notes: tuple[str, ...]


def is_fixed_split(folder: Path) -> bool:
    """Tell whether `events.parquet` of a folder has a column `split`."""
    return "split" in columns_of(folder)


def plant(folder: Path, home: Path, settings_file: Path | None = None) -> FixedSplit:
    """Write both logs and their mappings.

    Parameters
    ----------
    folder : Path
        Holds `events.parquet`.
    home : Path
        Where everything goes that is built.
    settings_file : Path, optional
        Reviewed settings to use for both; they win over what the times suggest.

    Raises
    ------
    SplitError
        If columns or parts are missing or not known.
    """
    events = folder / "events.parquet"
    missing = sorted(REQUIRED - columns_of(folder))
    if missing:
        raise SplitError(f"{events} lacks the columns {', '.join(missing)}")
    reviewed = ReviewedSettings()
    if settings_file is not None:
        reviewed = read_reviewed(settings_file, PROJECT_ROOT)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        parts = _read_pairs(connection, events)
        known_twice = _remove_trained(connection, events)
        times = tell_times(connection, events)
        validated = "part = 'validation'" if "validation" in parts else "is_taught"
        seconds = {"search": validated, "validation": validated, "final": "is_taught"}
        written = {
            state: _write(connection, home / state, moment_of_pair(is_second, times))
            for state, is_second in seconds.items()
        }
    chosen = replace(reviewed, sql={**times.sql, **reviewed.sql})
    for settings in written.values():
        file = Path(settings.mapping).with_name(f"{NAME}.settings.yml")
        write_reviewed(
            file, chosen.changes(), "Reviewed settings, and those of a log without times."
        )
    notes = tuple(note for note in (known_twice, times.note) if note)
    return FixedSplit(**written, times=times, notes=notes)


def _read_pairs(connection: duckdb.DuckDBPyConnection, events: Path) -> set[str]:
    """Make the table `pairs` with the parts as they are called here, and return these."""
    known = ", ".join(f"('{name}', '{part}')" for name, part in SPELLINGS.items())
    moment = moment_column(columns_of(events.parent))
    told_at = moment_in_sql(f"events.{moment}") if moment else "null::timestamptz"
    connection.execute(
        f"""
        create table pairs as
        select
            cast(events.user_id as varchar) as user_id,
            cast(events.item_id as varchar) as item_id,
            cast(events.split as varchar) as spelling,
            spellings.part,
            cast({told_at} as timestamp) as told_at
        from read_parquet(?) as events
        left join (values {known}) as spellings(spelling, part)
            on lower(trim(cast(events.split as varchar))) = spellings.spelling
        """,
        [str(events)],
    )
    counts = connection.execute(
        "select spelling, part, count(*) from pairs group by all order by all"
    ).fetchall()
    found = ", ".join(f"{spelling} ({count:,})" for spelling, _, count in counts)
    unknown = [repr(spelling) for spelling, part, _ in counts if part is None]
    if unknown:
        raise SplitError(
            f"{events} has rows whose split is {', '.join(unknown[:10])}; known are "
            f"{', '.join(SPELLINGS)}"
        )
    parts = {part for _, part, _ in counts}
    for part in ("train", "test"):
        if part not in parts:
            raise SplitError(f"{events} has no rows whose split is {part!r}, only {found}")
    return parts


def _remove_trained(connection: duckdb.DuckDBPyConnection, events: Path) -> str:
    """Leave out of the test what no list may hold, being trained on; return a note of it.

    Raises
    ------
    SplitError
        If nothing is left.
    """
    trained = "select (user_id, item_id) from pairs where part = 'train'"
    known = f"part = 'test' and (user_id, item_id) in ({trained})"
    rows, tested = connection.execute(
        f"select count(*) filter (where {known}), count(*) filter (where part = 'test') from pairs"
    ).fetchall()[0]
    if not rows:
        return ""
    if rows == tested:
        raise SplitError(f"all {rows:,} test pairs of {events} are in train too")
    connection.execute(f"delete from pairs where {known}")
    return (
        f"{rows:,} of {tested:,} test pairs are in train too and were left out of the test, for "
        "training items are removed from every list."
    )


def _write(connection: duckdb.DuckDBPyConnection, home: Path, moment: str) -> Settings:
    """Write one log with its mapping."""
    home.mkdir(parents=True, exist_ok=True)
    log, mapping = home / "events.parquet", home / f"{NAME}.yml"
    kept = "part != 'validation'" if home.name == "final" else "true"
    connection.execute(
        f"""
        copy (
            select
                user_id,
                item_id,
                'interaction' as event_type,
                {moment} as occurred_at
            from pairs
            where {kept}
            order by user_id, item_id, occurred_at
        ) to '{str(log).replace("'", "''")}' (format parquet)
        """
    )
    columns = {name: name for name in ("user_id", "item_id", "event_type", "occurred_at")}
    content: dict[str, object] = {
        "name": NAME,
        "events": {"relation": str(log), "columns": columns},
        "horizon_days": 1,
        "repeats": False,
        "bot_interactions_per_day": None,
    }
    if home.name == "validation":
        content["as_of"] = "2000-01-03 00:00:00"
    mapping.write_text(yaml.safe_dump({"mapping": content}, sort_keys=False))
    return Settings(home=home, mapping=str(mapping))


def columns_of(folder: Path, name: str = "events.parquet") -> set[str]:
    """Return the columns of a file in a folder.

    Raises
    ------
    SplitError
        If there is no such file, or it cannot be read.
    """
    file = folder / name
    if not file.is_file():
        raise SplitError(f"{file} does not exist")
    with duckdb.connect() as connection:
        try:
            described = connection.execute("describe select * from read_parquet(?)", [str(file)])
        except duckdb.Error as error:
            raise SplitError(f"{file} cannot be read as Parquet: {error}") from error
        return {row[0] for row in described.fetchall()}
