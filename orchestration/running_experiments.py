"""The experiments that the application runs: the lines that SQL has found fit."""

from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from serving.assignment import Arm, Experiment
from serving.experiments import NOBODY, POLICIES, Holdout, RunningExperiment

# Line 0 is `history`, which is only analysed.
EXPERIMENTS = """
    select
        experiment_id, layer, salt, variants, layer_from, layer_until, holdout, starts_at, ends_at
    from experiments.exp_experiments
    where reject_reason is null and line_number > 0
    order by experiment_id
"""
HOLDOUT = "select share, salt, serves from experiments.exp_holdout"


def running_experiments(snapshot: Path) -> tuple[RunningExperiment, ...]:
    """Read the experiments of a log whose arms the application can serve.

    Parameters
    ----------
    snapshot : Path
        What was published; without it there are no experiments.

    Returns
    -------
    tuple of RunningExperiment
        By id. Experiments that another program runs, whose arms serve something else, are left
        out.
    """
    salt = published_holdout(snapshot).salt
    found = []
    for row in _rows(snapshot, EXPERIMENTS):
        name, layer, own, variants, first, last, share, starts_at, ends_at = row
        parts = [part.split(":") for part in variants.split()]
        arms = tuple(Arm(arm, float(size), serves) for arm, size, serves in parts)
        if all(arm.serves in POLICIES for arm in arms):
            experiment = Experiment(name, layer, own, arms, first, last, share, salt)
            moments = (moment.replace(tzinfo=UTC) for moment in (starts_at, ends_at))
            found.append(RunningExperiment(experiment, *moments))
    return tuple(found)


def published_holdout(snapshot: Path) -> Holdout:
    """Read who is held out of all releases and experiments.

    Parameters
    ----------
    snapshot : Path
        What was published; without it nobody is.
    """
    rows = _rows(snapshot, HOLDOUT)
    return Holdout(*rows[0]) if rows else NOBODY


def _rows(snapshot: Path, query: str) -> list[tuple[Any, ...]]:
    """Return nothing where nothing was published, or before there was such a table."""
    if not snapshot.exists():
        return []
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        try:
            return connection.execute(query).fetchall()
        except duckdb.CatalogException:
            return []
