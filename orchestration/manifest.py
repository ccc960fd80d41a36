"""The dbt project with a manifest that fits its files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from dagster_dbt import DbtProject

from orchestration.mapping import check_seeds
from orchestration.settings import find_programs

# What dbt parses. A folder counts too: its time changes when a file is added or removed.
PARSED = ("dbt_project.yml", "profiles.yml", "macros", "models", "seeds", "tests/warehouse")


def prepared_project(root: Path) -> DbtProject:
    """Return the dbt project at `root`; parse it first unless its manifest can be used.

    Parameters
    ----------
    root : Path
        Folder of `dbt_project.yml`.

    Raises
    ------
    SeedError
        If it has to be parsed, and a seed cannot be used.
    """
    find_programs()
    project = DbtProject(project_dir=root)
    if is_outdated(project.manifest_path, root):
        check_seeds(root)
        project.manifest_path.parent.mkdir(parents=True, exist_ok=True)
        project.preparer.prepare(project)
    return project


def is_outdated(manifest: Path, root: Path) -> bool:
    """Tell whether the manifest is missing, not whole, or older than a file that dbt parses."""
    if not manifest.is_file():
        return True
    made_at = manifest.stat().st_mtime
    if any(path.stat().st_mtime > made_at for path in _parsed_paths(root)):
        return True
    return not _is_whole(manifest)


def parsed_here(variables: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return variables of dbt by which it parses the project anew if that lies elsewhere now.

    Without one that says so it reads back what it parsed, and looks for seeds where they were.

    Parameters
    ----------
    variables : dict
        Of dbt.
    root : Path
        Folder of `dbt_project.yml`.
    """
    return {**variables, "project_root": str(root)}


def _is_whole(manifest: Path) -> bool:
    """Tell whether dbt wrote the file to its end: a kill, or a full disk, may have cut it."""
    try:
        orjson.loads(manifest.read_bytes())
    except orjson.JSONDecodeError:
        return False
    return True


def _parsed_paths(root: Path) -> Iterator[Path]:
    for name in PARSED:
        path = root / name
        if path.exists():
            yield path
        yield from path.rglob("*")
