"""Show what a change of the SQL would alter, before dbt builds it.

SQLMesh reads the dbt project twice: as it was committed, and as it stands in the working tree. It
builds both in a database file of its own and compares them. It never opens dbt's warehouse, whose
tables it would replace; tables that a mapping names there are copied to files first.
"""

import io
import logging
import shutil
import subprocess
import warnings
import zipfile
from contextlib import chdir
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands.options import Command, settings_of
from orchestration.mapping import Mapping, MappingError, dbt_vars, load_mapping
from orchestration.plan_changes import model_changes, primary_keys
from orchestration.plan_lineage import touched_columns
from orchestration.plan_report import render_plan
from orchestration.plan_rows import row_difference
from orchestration.resources import MappedLog, Warehouse
from orchestration.reviewed import load_reviewed
from orchestration.settings import Settings, building_at
from orchestration.tables_as_files import with_tables_as_files
from orchestration.terminal.answers import complain
from orchestration.terminal.streams import plain_console
from orchestration.warehouse_lock import WarehouseInUseError

if TYPE_CHECKING:
    from sqlmesh import Context
    from sqlmesh.core.context_diff import ContextDiff

COMMITTED = "prod"
WORKING_TREE = "working_tree"

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(cls=Command)
def plan(
    mapping: Annotated[
        str | None, typer.Option(help="Shipped mapping or the path of one; default: the setting's.")
    ] = None,
    base: Annotated[str, typer.Option(help="Revision to compare the working tree with.")] = "HEAD",
    limit: Annotated[int, typer.Option(min=0, help="Rows shown of each changed table.")] = 5,
    columns: Annotated[
        int,
        typer.Option(min=1, help="Columns shown of each changed model, and that follow from each."),
    ] = 10,
) -> None:
    """Show the models a change touches, the columns that follow, and the rows that differ.

    Nothing that dbt built changes: both states of the project are built by SQLMesh in a database
    file of its own.
    """
    console = plain_console()
    settings = settings_of(mapping)
    try:
        chosen = load_mapping(settings.mapping, settings.project_root)
        home = settings.home / "plan" / chosen.name
        variables = variables_apart(settings, chosen, home)
    except (MappingError, WarehouseInUseError) as error:
        complain(str(error))
        raise typer.Exit(1) from error
    home.mkdir(parents=True, exist_ok=True)
    (home / "sample").mkdir(exist_ok=True)
    replace(settings, home=home).export()
    committed = checkout(settings.project_root, base, home / "committed")
    # One moment for both states: at two, all that depends on the clock would differ.
    now = chosen.as_of or datetime.now(UTC).replace(tzinfo=None)
    with chdir(settings.project_root), building_at(str(now)):
        console.print(f"Building the models as of {base} ...")
        before = open_project(committed, home, variables)
        apply(before, COMMITTED)
        console.print("Building what the working tree changes ...")
        context = open_project(settings.project_root, home, variables)
        # The last plan's environment would be compared with, instead of the committed state.
        context.invalidate_environment(WORKING_TREE, sync=True)
        changes = model_changes(apply(context, WORKING_TREE))
        kept = [change.name for change in changes if change.kind in {"changed", "downstream"}]
        keys = primary_keys(settings.project_root)
        differences = {
            name: row_difference(
                context, name, keys.get(name.split(".")[1]), (COMMITTED, WORKING_TREE), limit
            )
            for name in kept
        }
        lineage = touched_columns(changes, before, context)
    render_plan(console, base, changes, differences, lineage, columns)


def variables_apart(settings: Settings, mapping: Mapping, home: Path) -> dict[str, object]:
    """Return what dbt is told of a log, so that it needs no warehouse but the one below `home`.

    Raises
    ------
    MappingError
        If the settings file cannot be used, or a table that the mapping names.
    WarehouseInUseError
        If there are tables to read, and another process holds the warehouse.
    """
    log = MappedLog(
        home=str(settings.home),
        mapping=settings.mapping,
        project_root=str(settings.project_root),
    )
    # A command waits less for the warehouse than a run.
    warehouse = Warehouse(log=log, patience_seconds=3.0)
    apart = with_tables_as_files(mapping, warehouse, home / "copied")
    return dbt_vars(apart, load_reviewed(mapping, settings.project_root).sql)


def checkout(project_root: Path, revision: str, folder: Path) -> Path:
    """Write the project as it stood at a revision to a folder of its own.

    Raises
    ------
    typer.BadParameter
        If the project is not a git checkout or has no such revision.
    """
    archive = subprocess.run(
        ["git", "archive", "--format=zip", revision],
        cwd=project_root,
        capture_output=True,
        check=False,
    )
    if archive.returncode != 0:
        reason = archive.stderr.decode().strip().splitlines()[-1]
        msg = f"git cannot give revision {revision!r}: {reason}"
        raise typer.BadParameter(msg)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as files:
        files.extractall(folder)
    return folder


def open_project(project: Path, home: Path, variables: dict[str, object]) -> "Context":
    """Load a state of the dbt project, with SQLMesh's files below `home`."""
    # SQLMesh takes seconds to import; the other commands do without it. What it says of every
    # statement and table would drown the comparison.
    warnings.filterwarnings("ignore", message="sqlglot", category=UserWarning)
    from sqlmesh import Context
    from sqlmesh.core.config import ModelDefaultsConfig
    from sqlmesh.core.console import set_console
    from sqlmesh.dbt.loader import sqlmesh_config

    from orchestration.plan_console import FailuresOnly

    set_console(FailuresOnly())
    # It logs each statement of a comparison at whatever level is on; errors are raised besides.
    logging.disable(logging.CRITICAL)

    config = sqlmesh_config(
        project,
        variables=variables,
        cache_dir=str(home / "cache"),
        model_defaults=ModelDefaultsConfig(start="2000-01-01"),
    )
    return Context(paths=[str(project)], config=config)


def apply(context: "Context", environment: str) -> "ContextDiff":
    """Build what differs from the environment and say what that was."""
    from sqlmesh.utils.errors import SQLMeshError

    try:
        return context.plan(
            environment, auto_apply=True, no_prompts=True, skip_tests=True, no_diff=True
        ).context_diff
    except SQLMeshError as error:
        complain(f"The models of {environment} cannot be built: {error}")
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
