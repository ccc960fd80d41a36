"""Runs and trials in MLflow: on this machine, or on the server that a setting names.

MLflow is imported when something is recorded: it takes seconds. A store that cannot be reached
fails nothing; whoever records gets the reason.
"""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from orchestration.settings import Settings

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

# A store takes this many parameters, tags or metrics in one call.
BATCH = 100
NAME = "topshelf.name"
T = TypeVar("T")


class TrackingError(RuntimeError):
    """The store cannot be used now."""


@dataclass(frozen=True)
class Record:
    """What is kept of one run or trial.

    Attributes
    ----------
    name : str
        For people; records of the same parent with the same name are one.
    params : dict
        What was chosen.
    metrics : dict of str to float
        What came of it; nan is left out. Names hold letters, digits, `_`, `.`, `/` and `-`.
    tags : dict of str to str
        What it was made from.
    files : list of Path
        Copied to the store.
    status : str
        FINISHED, KILLED or FAILED.
    """

    name: str
    params: dict[str, object] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    status: str = "FINISHED"


def record(
    settings: Settings, experiment: str, parent: Record, children: list[Record] | None = None
) -> str:
    """Write a run, and trials nested in it.

    A run of the same name is continued: its metrics get a further step, and children that it has
    already are left as they are.

    Parameters
    ----------
    settings : Settings
        Say where the store is.
    experiment : str
        The mapping's name.
    parent : Record
        The run.
    children : list of Record, optional
        Its trials.

    Returns
    -------
    str
        Id of the run.

    Raises
    ------
    TrackingError
        If the store does not take it, for whatever reason.
    """
    with tracking_client(settings) as client:
        return _record(client, settings, experiment, parent, children or [])


@contextmanager
def tracking_client(settings: Settings) -> Iterator["MlflowClient"]:
    """Give a client of MLflow for the length of a `with` block.

    Raises
    ------
    TrackingError
        In the place of whatever the block raises.
    """
    with settings.exported():
        try:
            yield _client(settings)
        except Exception as error:  # What a store, its driver and the network raise has no end.
            reason = " ".join(str(error).split())[:300]
            raise TrackingError(
                f"MLflow at {settings.tracking_store} took no record: "
                f"{type(error).__name__}: {reason}"
            ) from error


def _record(
    client: "MlflowClient",
    settings: Settings,
    experiment: str,
    parent: Record,
    children: list[Record],
) -> str:
    found = client.get_experiment_by_name(experiment)
    # Without a place, MLflow puts the files of a local store into the current folder.
    place = None if settings.tracking_uri else settings.tracking_files.as_uri()
    experiment_id = found.experiment_id if found else client.create_experiment(experiment, place)
    known = _runs(client, experiment_id, {NAME: parent.name})
    run_id = known.get(parent.name) or _begin(client, experiment_id, parent, {})
    nested = {"mlflow.parentRunId": run_id}
    done = _runs(client, experiment_id, nested)
    for child in children:
        if child.name not in done:
            child_id = _begin(client, experiment_id, child, nested)
            _fill(client, child_id, child, 0)
    _fill(client, run_id, parent, len(children))
    return run_id


def _client(settings: Settings) -> "MlflowClient":
    from mlflow.tracking import MlflowClient

    # It tells of every step in which it makes a new database.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if not settings.tracking_uri:
        settings.tracking_files.mkdir(parents=True, exist_ok=True)
    return MlflowClient(settings.tracking_store)


def _begin(client: "MlflowClient", experiment_id: str, entry: Record, tags: dict[str, str]) -> str:
    made = client.create_run(
        experiment_id, run_name=entry.name, tags={**entry.tags, **tags, NAME: entry.name}
    )
    run_id = str(made.info.run_id)
    for name, value in entry.params.items():
        client.log_param(run_id, name, value)
    return run_id


def _fill(client: "MlflowClient", run_id: str, entry: Record, step: int) -> None:
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [
        Metric(name, value, now, step)
        for name, value in entry.metrics.items()
        if not math.isnan(value)
    ]
    for part in _parts(metrics):
        client.log_batch(run_id, metrics=part)
    for file in entry.files:
        client.log_artifact(run_id, str(file), "plots" if file.suffix == ".png" else None)
    client.set_terminated(run_id, entry.status)


def _runs(client: "MlflowClient", experiment_id: str, tags: dict[str, str]) -> dict[str, str]:
    """Return the names and ids of the runs that have some tags."""
    wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    found: dict[str, str] = {}
    token = None
    while True:
        page = client.search_runs([experiment_id], wanted, max_results=1000, page_token=token)
        found |= {run.data.tags.get(NAME, ""): str(run.info.run_id) for run in page}
        token = page.token
        if not token:
            return found


def _parts(rows: list[T]) -> Iterator[list[T]]:
    rest = iter(rows)
    while part := list(islice(rest, BATCH)):
        yield part
