"""The log as it was some horizons ago, in a warehouse of its own.

A fold is a mapping whose now (`as_of`) lies before the test period, and the product's own models
are built from it. So nothing that happened, or was loaded, at or after that moment can be seen.
"""

import json
import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import yaml

from orchestration.assets.learning import factorisation
from orchestration.mapping import Mapping, dbt_vars, load_mapping
from orchestration.resources import MappedLog, Warehouse
from orchestration.reviewed import ReviewedSettings, write_reviewed
from orchestration.settings import Settings
from orchestration.tables_as_files import with_tables_as_files
from orchestration.tuning.dbt import run_dbt
from orchestration.tuning.plan import TuningError

NO_TESTS = ["--exclude-resource-type", "test", "unit_test"]
# What the list of covisitation and the factorisation are judged by. Only the evaluated moment is
# needed, so none teaches a ranker.
LISTS = ["+evl_baseline_lists", "+evl_relevant_pairs", "+trn_user_item_weights"]
ONE_MOMENT = {"training_cutoffs": 0}
BEFORE_LEARNING = ["staging", "intermediate", "features", "candidates", "training", "event_types"]
AFTER_LEARNING = ["ranking", "evl_relevant_pairs"]
SERVE = "select cutoff_at from intermediate.int_cutoffs where role = 'serve'"
BUILT = "built.json"
# The run that searches has a log of its own.
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Fold:
    """One period to judge by.

    Attributes
    ----------
    number : int
        1 is the horizon just before the test period.
    as_of : datetime
        The moment that counts as now, UTC; the judged horizon ends there.
    lists, frame : Settings
        Two states of the same log: with the candidates only, and with the ranker's input.
    """

    number: int
    as_of: datetime
    lists: Settings
    frame: Settings


def make_folds(settings: Settings, folder: Path, count: int) -> list[Fold]:
    """Write the mappings of the folds; nothing is built yet.

    Parameters
    ----------
    settings : Settings
        The log.
    folder : Path
        Where everything about the folds goes.
    count : int
        Folds wanted, >= 1.

    Raises
    ------
    TuningError
        If the log has no event.
    """
    folder.mkdir(parents=True, exist_ok=True)
    root = settings.project_root
    log = MappedLog(home=str(settings.home), mapping=settings.mapping, project_root=str(root))
    # Folds do not open the warehouse.
    chosen = load_mapping(settings.mapping, root)
    mapping = with_tables_as_files(chosen, Warehouse(log=log), folder)
    now = _serving_moment(mapping, replace(settings, home=folder / "log"))
    horizon = timedelta(days=mapping.horizon_days)
    return [
        _fold(mapping, settings, folder / f"fold_{number}", number, now - number * horizon)
        for number in range(1, count + 1)
    ]


def build_lists(fold: Fold, chosen: ReviewedSettings, digest: str) -> None:
    """Build the candidates in SQL, and what they are judged by; not if it was done before.

    Parameters
    ----------
    fold : Fold
        To build.
    chosen : ReviewedSettings
        Its section `sql` is used.
    digest : str
        Changes with whatever the tables depend on.
    """
    if is_built(fold.lists, digest):
        return
    mapping = load_mapping(fold.lists.mapping, fold.lists.project_root)
    variables = dbt_vars(mapping, {**chosen.sql, **ONE_MOMENT})
    run_dbt(fold.lists, ["build", *NO_TESTS], LISTS, variables)
    mark_built(fold.lists, digest)


def build_frame(fold: Fold, chosen: ReviewedSettings, digest: str) -> None:
    """Build the ranker's input with the candidates of all sources; not if it was done before.

    Parameters
    ----------
    fold : Fold
        To build.
    chosen : ReviewedSettings
        All its sections are used.
    digest : str
        Changes with whatever the tables depend on.
    """
    if is_built(fold.frame, digest):
        return
    root = fold.frame.project_root
    file = Path(fold.frame.mapping)
    write_reviewed(file.with_name(f"{file.stem}.settings.yml"), chosen.changes(), "")
    log = MappedLog(home=str(fold.frame.home), mapping=str(file), project_root=str(root))
    run_dbt(fold.frame, ["build", *NO_TESTS], BEFORE_LEARNING, log.dbt_vars())
    dg.materialize(
        [factorisation],
        resources={"log": log, "warehouse": Warehouse(log=log)},
        run_config=SILENT,
    )
    run_dbt(fold.frame, ["build", *NO_TESTS], AFTER_LEARNING, log.dbt_vars())
    mark_built(fold.frame, digest)


def warehouse_of(settings: Settings) -> Path:
    """Return the DuckDB file of a fold."""
    return settings.places(load_mapping(settings.mapping, settings.project_root).name).warehouse


def copied(settings: Settings, home: Path) -> Settings:
    """Return the same state of a log in another folder, to be changed by one process alone.

    What was copied before is kept, unless the original was built anew.
    """
    copy = replace(settings, home=home)
    built = (settings.home / BUILT).read_text()
    if not (home / BUILT).is_file() or (home / BUILT).read_text() != built:
        home.mkdir(parents=True, exist_ok=True)
        warehouse_of(copy).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(warehouse_of(settings), warehouse_of(copy))
        (home / BUILT).write_text(built)
    return copy


def is_built(settings: Settings, digest: str) -> bool:
    """Tell whether the tables were built to the end from the same things."""
    file = settings.home / BUILT
    return file.is_file() and json.loads(file.read_text()) == digest


def mark_built(settings: Settings, digest: str) -> None:
    """Note what the tables were built from."""
    (settings.home / BUILT).write_text(json.dumps(digest))


def _fold(mapping: Mapping, settings: Settings, folder: Path, number: int, as_of: datetime) -> Fold:
    states = {}
    for state in ("lists", "frame"):
        file = folder / state / f"{mapping.name}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_mapping(mapping.model_copy(update={"as_of": as_of}), file)
        states[state] = replace(settings, home=file.parent, mapping=str(file))
    return Fold(number, as_of, **states)


def _serving_moment(mapping: Mapping, settings: Settings) -> datetime:
    """Read the log, and find the moment for which the product would make lists now.

    The test period ends there.
    """
    run_dbt(settings, ["build", *NO_TESTS], ["+int_cutoffs", "staging"], dbt_vars(mapping))
    with duckdb.connect(str(settings.places(mapping.name).warehouse), read_only=True) as connection:
        rows = connection.execute(SERVE).fetchall()
    if not rows or rows[0][0] is None:
        raise TuningError(f"the log {mapping.name} has no usable event; there is nothing to tune")
    return rows[0][0]


def _write_mapping(mapping: Mapping, file: Path) -> None:
    content = {"mapping": mapping.model_dump(mode="json", exclude_unset=True)}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
