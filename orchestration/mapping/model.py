"""The form of a mapping: which tables and columns of a log mean what."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_serializer,
    field_validator,
)

from orchestration.mapping.attributes import allowing, kept
from orchestration.mapping.named_columns import (
    AssignmentColumns,
    EventColumns,
    ExperimentColumns,
    ImpressionColumns,
    ItemColumns,
    KnownKeys,
    UserColumns,
)
from orchestration.mapping.problems import nearest


def _known_time_zone(name: str) -> str:
    if name not in available_timezones():
        hint = nearest(name, available_timezones())
        msg = f"is no time zone; {f'did you mean {hint!r}?' if hint else 'write Europe/Paris, say'}"
        raise ValueError(msg)
    return name


def _free_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        msg = "may hold a-z, 0-9 and _ only; it names a folder and rows of seeds/event_types.csv"
        raise ValueError(msg)
    if name == "dagster":
        msg = "is the folder in which Dagster keeps its runs; choose another name"
        raise ValueError(msg)
    if name == "mlflow":
        msg = "is the folder in which MLflow keeps its records; choose another name"
        raise ValueError(msg)
    return name


def _without_repeats(names: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        msg = f"names {', '.join(map(repr, repeated))} more than once; name it once"
        raise ValueError(msg)
    return names


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], AfterValidator(_without_repeats)]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


class Events(KnownKeys):
    """Where the log is and how to read it."""

    relation: Name
    time_zone: TimeZone = "UTC"
    columns: EventColumns


class Items(KnownKeys):
    """Where the catalogue is; `attributes` are further columns to keep.

    Of them the ranker learns from the `ranker_attributes`.
    """

    relation: Name
    columns: ItemColumns
    attributes: Names = ()
    ranker_attributes: Names = ()

    @field_validator("ranker_attributes")
    @classmethod
    def _are_kept(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return kept(names, info.data.get("attributes", ()))


class Users(KnownKeys):
    """Where the users are; `attributes` are further columns to keep.

    Of them the ranker learns from the `ranker_attributes`. A `sensitive` column is neither kept nor
    used as a segment unless `allowed_sensitive` names it.
    """

    relation: Name
    columns: UserColumns
    attributes: Names = ()
    ranker_attributes: Names = ()
    sensitive: Names = ()
    allowed_sensitive: Annotated[Names, Field(validate_default=True)] = ()

    @field_validator("ranker_attributes")
    @classmethod
    def _are_kept(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return kept(names, info.data.get("attributes", ()))

    @field_validator("allowed_sensitive")
    @classmethod
    def _are_enough(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        segment = getattr(info.data.get("columns"), "segment", None)
        used = [*info.data.get("attributes", ()), *([segment] if segment else [])]
        return allowing(names, info.data.get("sensitive", ()), used)


class Impressions(KnownKeys):
    """Where the shown lists are and how to read them."""

    relation: Name
    time_zone: TimeZone = "UTC"
    columns: ImpressionColumns


class Assignments(KnownKeys):
    """Who was put in which arm of an experiment by another tool, and how to read it."""

    relation: Name
    time_zone: TimeZone = "UTC"
    columns: AssignmentColumns


class Experiments(KnownKeys):
    """Experiments that are planned elsewhere than in the seed, and how to read them."""

    relation: Name
    time_zone: TimeZone = "UTC"
    columns: ExperimentColumns


class Mapping(KnownKeys):
    """One log: its tables, its columns and the few decisions that belong to it.

    Parameters
    ----------
    name : str
        Folder under the home of topshelf, and key in `seeds/event_types.csv`.
    events, items, users, impressions, assignments, experiments
        The relations. Only `events` is required.
    as_of : datetime, optional
        The moment that counts as now, UTC without offset; None is the start of a run.
    horizon_days : int
        Days after a moment in which its lists are judged, >= 1.
    repeats : bool
        Whether an item may be recommended to someone who had it.
    bot_interactions_per_day : int, optional
        A user with more than this on one day is a bot; None is no limit.
    """

    name: Annotated[str, AfterValidator(_free_name)]
    events: Events
    items: Items | None = None
    users: Users | None = None
    impressions: Impressions | None = None
    assignments: Assignments | None = None
    experiments: Experiments | None = None
    as_of: Annotated[datetime, AfterValidator(_in_utc)] | None = None
    horizon_days: Annotated[StrictInt, Field(ge=1)] = 28
    repeats: StrictBool = False
    bot_interactions_per_day: Annotated[StrictInt, Field(ge=1)] | None = None
    _file: Path = PrivateAttr(default=Path("mapping.yml"))

    @field_serializer("as_of")
    def _without_letter_t(self, moment: datetime | None) -> str | None:
        # The form of YAML's own moments, so that dbt gets the same from here as from the file.
        return None if moment is None else str(moment)

    @property
    def file(self) -> Path:
        """The file it was read from, for messages."""
        return self._file


class MappingFile(KnownKeys):
    """A mapping file as a whole, which is what `dbt --vars` takes."""

    mapping: Mapping
