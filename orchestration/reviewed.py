"""Settings of one log that a person has reviewed: a file beside its mapping.

The file overrides; what it leaves out keeps the default of its home, which is `dbt_project.yml` for
SQL and a dataclass of `ml` for a model.
"""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import yaml
from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, create_model

from ml.als import AlsParams
from ml.diversity import DiversityParams
from ml.ranker_params import RankerParams
from orchestration.files import replacing
from orchestration.mapping import Mapping, MappingError, settings_file
from orchestration.mapping.load import read_yaml
from orchestration.mapping.problems import Problem, problems_of
from orchestration.releases.bounds import GateBounds
from serving.experiments import MOST_HELD_OUT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Section of the file: the dataclass whose fields are its keys. `sql` is the other section.
LEARNED: MappingProxyType[str, type] = MappingProxyType(
    {"als": AlsParams, "ranker": RankerParams, "diversity": DiversityParams, "gates": GateBounds}
)

Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
STRICT: dict[object, object] = {
    int: Whole,
    float: Number,
    bool: Annotated[bool, Strict()],
    str: Annotated[str, Strict()],
}
NOT_NEGATIVE = Annotated[Number, Field(ge=0)]
# Variables of dbt that may have a fraction, by the end of their names. A half-life divides, so it
# cannot be 0.
FRACTIONS = {
    "_half_life_days": Annotated[Number, Field(gt=0)],
    "_power": NOT_NEGATIVE,
    "_weight": NOT_NEGATIVE,
    "_share": Annotated[Number, Field(ge=0, le=MOST_HELD_OUT)],
}
# All others count something, days and minutes too, which are the text of an interval. Of these
# there may be none: no earlier moments, no candidates of a source, no habits, nothing late.
MAY_BE_NONE = (
    "training_cutoffs",
    "covisited_per_user",
    "repeats_per_user",
    "popular_per_user",
    "experiment_habit_days",
    "experiment_lateness_days",
)
Values = dict[str, Any]
Params = TypeVar("Params", bound="DataclassInstance")


class SettingsFileError(MappingError):
    """A settings file that cannot be used, with everything that is wrong with it."""

    noun = "settings file"


@dataclass(frozen=True)
class ReviewedSettings:
    """What one log does otherwise than the defaults say.

    Attributes
    ----------
    sql : dict
        Variables of dbt that are overridden.
    als : AlsParams
        Hyper-parameters of the factorisation; defaults where nothing is overridden.
    ranker : RankerParams
        Hyper-parameters of the ranker; likewise.
    diversity : DiversityParams
        How far lists give up relevance for difference; likewise.
    gates : GateBounds
        What a release must hold to go live; likewise.
    file : Path, optional
        Where it was read from; None if the log has no such file.
    """

    sql: Values = field(default_factory=dict)
    als: AlsParams = field(default_factory=AlsParams)
    ranker: RankerParams = field(default_factory=RankerParams)
    diversity: DiversityParams = field(default_factory=DiversityParams)
    gates: GateBounds = field(default_factory=GateBounds)
    file: Path | None = None

    def with_values(self, section: str, values: Values) -> "ReviewedSettings":
        """Return the same settings with some values of a section replaced."""
        before = getattr(self, section)
        after = {**before, **values} if section == "sql" else replace(before, **values)
        # mypy cannot know that a field is replaced by one of its own kind.
        return replace(self, **{section: after})  # type: ignore[arg-type]

    def changes(self) -> dict[str, Values]:
        """Return each section with what differs from the defaults; no section without any."""
        learned = {name: changed(getattr(self, name)) for name in LEARNED}
        return {name: chosen for name, chosen in {"sql": self.sql, **learned}.items() if chosen}


def load_reviewed(mapping: Mapping, project_root: Path) -> ReviewedSettings:
    """Read the settings of a log; the defaults if it has no file of them.

    Parameters
    ----------
    mapping : Mapping
        The log, as it was read from its file.
    project_root : Path
        Folder of `dbt_project.yml`, which knows the variables of dbt.

    Raises
    ------
    SettingsFileError
        If the file is not one of settings. All problems are named at once.
    """
    file = settings_file(mapping)
    return read_reviewed(file, project_root) if file.is_file() else ReviewedSettings()


def read_reviewed(file: Path, project_root: Path) -> ReviewedSettings:
    """Read a settings file.

    Raises
    ------
    SettingsFileError
        If there is something wrong with it. All problems are named at once.
    """
    content = read_yaml(file, "settings", SettingsFileError)
    form = _file_form(project_root)
    try:
        # An empty file, or one of comments, overrides nothing.
        sections = form.model_validate({"settings": {} if content is None else content})
    except ValidationError as error:
        raise SettingsFileError(file, problems_of(error, form)) from error
    chosen = sections.model_dump(exclude_unset=True)["settings"]
    learned, problems = {}, []
    for name, params in LEARNED.items():
        try:
            learned[name] = params(**chosen.get(name, {}))
        except ValueError as error:
            problems.append(Problem(name, None, str(error), "correct it"))
    if problems:
        raise SettingsFileError(file, problems)
    return ReviewedSettings(sql=chosen.get("sql", {}), **learned, file=file)


def write_reviewed(file: Path, sections: dict[str, Values], comment: str) -> None:
    """Write a settings file.

    Parameters
    ----------
    file : Path
        To write or replace.
    sections : dict of str to dict
        What is overridden, by section.
    comment : str
        Lines that say where the values come from; the `#` is put before them here.
    """
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    body = yaml.safe_dump(sections, sort_keys=False) if sections else ""
    with replacing(file) as path:
        path.write_text("\n".join([*lines, body]), encoding="utf-8")


def sql_defaults(project_root: Path) -> Values:
    """Return the variables of dbt that a log may override, with their defaults."""
    project = yaml.safe_load((project_root / "dbt_project.yml").read_text(encoding="utf-8"))
    return {
        name: value for name, value in project["vars"].items() if isinstance(value, int | float)
    }


def changed(params: "DataclassInstance") -> Values:
    """Return the fields of a dataclass that are not at their defaults."""
    return {
        column.name: value
        for column in fields(params)
        if (value := getattr(params, column.name)) != column.default
    }


def overridden(params: Params, config: BaseModel) -> Params:
    """Put the choices of one run in the place of the reviewed ones.

    Parameters
    ----------
    params : dataclass instance
        Reviewed hyper-parameters.
    config : BaseModel
        Of the run; of its fields count those of the dataclass that are not None.
    """
    names = {column.name for column in fields(params)}
    chosen = {
        name: value
        for name in sorted(names & set(type(config).model_fields))
        if (value := getattr(config, name)) is not None
    }
    return replace(params, **chosen)


def _file_form(project_root: Path) -> type[BaseModel]:
    """Return the form of a file; its keys are those of dbt and of the dataclasses."""
    sql = {name: _sql_type(name, value) for name, value in sql_defaults(project_root).items()}
    sections = {"sql": _form("Sql", sql)}
    for name, params in LEARNED.items():
        hints = get_type_hints(params)
        kinds = {column.name: hints[column.name] for column in fields(params)}
        sections[name] = _form(
            params.__name__, {key: STRICT.get(kind, kind) for key, kind in kinds.items()}
        )
    return _form("SettingsFile", {"settings": _form("Sections", sections)})


def _form(name: str, kinds: dict[str, Any]) -> type[BaseModel]:
    """Return a model whose keys may all be left out; one that stands there must have a value."""
    definitions: dict[str, Any] = {key: (kind, None) for key, kind in kinds.items()}
    return create_model(name, __config__=ConfigDict(extra="forbid", frozen=True), **definitions)


def _sql_type(name: str, default: object) -> object:
    if isinstance(default, bool):
        return STRICT[bool]
    for end, kind in FRACTIONS.items():
        if name.endswith(end):
            return kind
    return Annotated[Whole, Field(ge=0 if name in MAY_BE_NONE else 1)]
