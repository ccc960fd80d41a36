"""Reading a mapping: by name or path, whole, and with every mistake named at once."""

from collections.abc import Mapping as Dictionary
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import ValidationError

from orchestration.mapping.model import Mapping, MappingFile
from orchestration.mapping.problems import MappingError, Problem, nearest, problems_of


def load_mapping(name_or_path: str, project_root: Path) -> Mapping:
    """Read a mapping and check everything that needs no look at the data.

    Parameters
    ----------
    name_or_path : str
        Name of a shipped mapping, which is a file in `mappings/`, or the path of a file; a
        relative path starts at the current folder, else at `project_root`.
    project_root : Path
        Folder of `dbt_project.yml`.

    Returns
    -------
    Mapping

    Raises
    ------
    MappingError
        If there is no such file, or it is not a mapping. All problems are named at once.
    """
    file = find_mapping(name_or_path, project_root)
    content = read_yaml(file, "mapping", MappingError)
    try:
        mapping = MappingFile.model_validate(content).mapping
    except ValidationError as error:
        raise MappingError(file, problems_of(error, MappingFile)) from error
    mapping._file = file
    return mapping


def settings_file(mapping: Mapping) -> Path:
    """Return where the reviewed settings of a log lie, if it has any.

    `shop.settings.yml` beside the mapping `shop.yml`.
    """
    return mapping.file.with_name(f"{mapping.file.stem}.settings.yml")


def read_yaml(file: Path, key: str, error_type: type[MappingError]) -> object:
    """Read a file as YAML.

    Parameters
    ----------
    file : Path
        To read.
    key : str
        What a problem with the whole file is filed under.
    error_type : type
        What is raised if it cannot be read.
    """
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        rule = f"cannot be read as YAML{_place(error)}"
        raise error_type(file, [Problem(key, None, rule, "correct the file")]) from error


def _place(error: Exception) -> str:
    """Return what is wrong in which line, as far as the error knows it."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f", line {error.problem_mark.line + 1}: {error.problem}"
    return f": {' '.join(str(error).split())}"


def find_mapping(name_or_path: str, project_root: Path) -> Path:
    """Return the file of a shipped mapping's name, or of a path.

    Raises
    ------
    MappingError
        If there is no such file.
    """
    files = sorted((project_root / "mappings").glob("*.yml"))
    # A mapping's name has no dot; the settings of one, `<name>.settings.yml`, lie beside it.
    shipped = {path.stem: path for path in files if "." not in path.stem}
    if name_or_path in shipped:
        return shipped[name_or_path]
    for file in (Path(name_or_path).expanduser(), project_root / name_or_path):
        if file.is_file():
            return file
    hint = nearest(name_or_path, shipped)
    problem = Problem(
        "mapping",
        name_or_path,
        "is neither a shipped mapping nor a file",
        f"did you mean {hint!r}?" if hint else f"shipped are {', '.join(sorted(shipped))}",
    )
    raise MappingError(Path(name_or_path), [problem])


def dbt_vars(
    mapping: Mapping, overrides: Dictionary[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """Return what `dbt --vars` needs, ready for JSON.

    Parameters
    ----------
    mapping : Mapping
        Given as it was written: keys that were left out stay out, so that their defaults keep one
        home.
    overrides : mapping of str to Any
        Further variables, whose defaults are in `dbt_project.yml`.
    """
    return {**overrides, "mapping": mapping.model_dump(mode="json", exclude_unset=True)}
