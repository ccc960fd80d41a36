"""A fixed split of pairs, without times, as a log that the product can read.

A folder with `events.parquet` (`user_id`, `item_id`, `split`: train, test, maybe validation)
becomes a log of three days: what is trained on happens on the first, what settings are chosen by,
or what the ranker learns to foretell, on the second, the test on the third. So the product's own
cutoffs keep them apart.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from orchestration.settings import Settings

NAME = "fixed_split"
# Of the pairs to train on: to choose by, where the split has no validation part of its own, and to
# teach the ranker with.
VALIDATION_SHARE = 0.1
REQUIRED = {"user_id", "item_id", "split"}
TRAIN, VALIDATION, TEST = (f"timestamp '2000-01-0{day} 12:00:00'" for day in (1, 2, 3))


class SplitError(ValueError):
    """A folder that holds no fixed split."""


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
    """

    search: Settings
    validation: Settings
    final: Settings


def is_fixed_split(folder: Path) -> bool:
    """Tell whether `events.parquet` of a folder has a column `split`."""
    return "split" in _columns(folder)


def plant(folder: Path, home: Path, settings_file: Path | None = None) -> FixedSplit:
    """Write both logs and their mappings.

    Parameters
    ----------
    folder : Path
        Holds `events.parquet`.
    home : Path
        Where everything goes that is built.
    settings_file : Path, optional
        Reviewed settings to use for both.

    Raises
    ------
    SplitError
        If columns or parts are missing, or a pair is both trained on and tested.
    """
    events = folder / "events.parquet"
    missing = sorted(REQUIRED - _columns(folder))
    if missing:
        raise SplitError(f"{events} lacks the columns {', '.join(missing)}")
    with duckdb.connect() as connection:
        parts = dict(
            connection.execute(
                "select split, count(*) from read_parquet(?) group by split", [str(events)]
            ).fetchall()
        )
        for part in ("train", "test"):
            if part not in parts:
                raise SplitError(f"{events} has no rows whose split is {part!r}, only {parts}")
        (both,) = connection.execute(
            """
            select count(*) from (
                select user_id, item_id from read_parquet($events) where split = 'test'
                intersect
                select user_id, item_id from read_parquet($events) where split = 'train'
            )
            """,
            {"events": str(events)},
        ).fetchall()[0]
        if both:
            raise SplitError(f"{both} pairs of {events} are in train and in test")
        has_validation = "validation" in parts
        validated = f"""
                case
                    when split = 'test' then {TEST}
                    when split = 'validation' then {VALIDATION}
                    when {str(not has_validation).lower()} and {_fraction()} < {VALIDATION_SHARE}
                        then {VALIDATION}
                    else {TRAIN}
                end
            """
        foretold = f"""
                case
                    when split = 'test' then {TEST}
                    when {_fraction()} < {VALIDATION_SHARE} then {VALIDATION}
                    else {TRAIN}
                end
            """
        states = {"search": validated, "validation": validated, "final": foretold}
        written = {
            state: _write(connection, events, home / state, moment, settings_file)
            for state, moment in states.items()
        }
    return FixedSplit(**written)


def _fraction() -> str:
    """Return SQL for a number in [0, 1) that depends on the pair alone."""
    return "(md5_number_lower(user_id || ' ' || item_id) % 1000000) / 1000000.0"


def _write(
    connection: duckdb.DuckDBPyConnection,
    events: Path,
    home: Path,
    moment: str,
    settings_file: Path | None,
) -> Settings:
    """Write one log with its mapping."""
    home.mkdir(parents=True, exist_ok=True)
    log, mapping = home / "events.parquet", home / f"{NAME}.yml"
    kept = "split != 'validation'" if home.name == "final" else "true"
    connection.execute(
        f"""
        copy (
            select
                user_id,
                item_id,
                'interaction' as event_type,
                {moment} as occurred_at
            from (
                select
                    cast(user_id as varchar) as user_id,
                    cast(item_id as varchar) as item_id,
                    split
                from read_parquet('{str(events).replace("'", "''")}')
            )
            where {kept}
            order by user_id, item_id
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
    beside = mapping.with_name(f"{NAME}.settings.yml")
    beside.unlink(missing_ok=True)
    if settings_file is not None:
        beside.write_bytes(settings_file.read_bytes())
    return Settings(home=home, mapping=str(mapping))


def _columns(folder: Path) -> set[str]:
    """Return the columns of `events.parquet`."""
    events = folder / "events.parquet"
    if not events.is_file():
        raise SplitError(f"{events} does not exist")
    with duckdb.connect() as connection:
        described = connection.execute("describe select * from read_parquet(?)", [str(events)])
        return {row[0] for row in described.fetchall()}
