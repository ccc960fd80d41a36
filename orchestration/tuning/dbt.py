"""dbt in this process: a trial rebuilds a few models, and a process of its own takes longer."""

import json
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

from dbt.artifacts.schemas.results import NodeStatus
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from orchestration.manifest import parsed_here
from orchestration.settings import Settings


def run_dbt(
    settings: Settings, command: list[str], select: list[str], variables: dict[str, Any]
) -> None:
    """Build models in the warehouse that `settings` name.

    Parameters
    ----------
    settings : Settings
        The warehouse lies below their home.
    command : list of str
        `build` or `run`, with its options.
    select : list of str
        Models, in the syntax of dbt.
    variables : dict
        Of dbt; the mapping is among them.

    Raises
    ------
    RuntimeError
        If a model cannot be built; with what dbt says of it.
    """
    settings.places(variables["mapping"]["name"]).make_folders()
    target = settings.home / "target"
    arguments = [*command, *_common(target), "--vars", json.dumps(variables), "--select", *select]
    # Relative paths of a mapping start at the project, for DuckDB at the current folder.
    with settings.exported(), chdir(settings.project_root):
        outcome = dbtRunner(manifest=_manifest(settings, variables["mapping"])).invoke(arguments)
    if outcome.success:
        return
    broken = {NodeStatus.Error, NodeStatus.Fail, NodeStatus.RuntimeErr}
    messages = [
        f"{result.node.name}: {result.message}"
        for result in getattr(outcome.result, "results", [])
        if result.status in broken
    ]
    raise RuntimeError("\n".join(messages) or str(outcome.exception))


def _manifest(settings: Settings, mapping: object) -> Manifest:
    return _parsed(settings.project_root, settings.home, json.dumps(mapping))


@cache
def _parsed(project_root: Path, home: Path, mapping: str) -> Manifest:
    """Parse the project once a state of the log; variables are put into its SQL afterwards."""
    variables = json.dumps(parsed_here({"mapping": json.loads(mapping)}, project_root))
    arguments = ["parse", *_common(home / "target"), "--vars", variables]
    with chdir(project_root):
        outcome = dbtRunner().invoke(arguments)
    if not outcome.success or not isinstance(outcome.result, Manifest):
        raise RuntimeError(f"dbt cannot parse the project: {outcome.exception}")
    return outcome.result


def _common(target: Path) -> list[str]:
    folders = ["--target-path", str(target), "--log-path", str(target)]
    return ["--quiet", "--target", "in_process", *folders]
