"""The experiments that the application runs: the lines that SQL has found fit."""

import logging
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from serving.assignment import Arm, Experiment
from serving.experiments import NOBODY, Holdout, RunningExperiment, served_releases

LOG = logging.getLogger("topshelf.serving")
# Line 0 is `history`, which is only analysed.
EXPERIMENTS = """
    select
        experiment_id, layer, salt, variants, layer_from, layer_until, holdout, starts_at, ends_at
    from experiments.exp_experiments
    where reject_reason is null and line_number > 0
    order by experiment_id
"""
HOLDOUT = "select share, salt, serves from experiments.exp_holdout"


def running_experiments(
    snapshot: Path, releases: Collection[str] = ()
) -> tuple[RunningExperiment, ...]:
    """Read the experiments of a log whose arms the application can serve.

    Parameters
    ----------
    snapshot : Path
        What was published; without it there are no experiments.
    releases : collection of str
        Those that are kept.

    Returns
    -------
    tuple of RunningExperiment
        By id. Experiments that another program runs, whose arms serve something else, are left
        out, with a warning: a release may be misspelt, or gone.
    """
    kept, found = frozenset(releases), []
    for experiment, starts_at, ends_at in _published(snapshot):
        strange = sorted(served_releases(experiment) - kept)
        if strange:
            LOG.warning(
                "the experiment %s is left to who serves %s: neither live, popular nor a release "
                "that is kept",
                experiment.experiment_id,
                ", ".join(strange),
            )
            continue
        found.append(RunningExperiment(experiment, starts_at, ends_at, kept))
    return tuple(found)


def named_releases(snapshot: Path, now: datetime) -> frozenset[str]:
    """Return what arms of experiments serve that have not ended, but for the policies.

    Parameters
    ----------
    snapshot : Path
        What was published; without it there are no experiments.
    now : datetime
        With its time zone.
    """
    coming = (one for one, _, ends_at in _published(snapshot) if ends_at > now)
    return frozenset[str]().union(*map(served_releases, coming))


def _published(snapshot: Path) -> Iterator[tuple[Experiment, datetime, datetime]]:
    """Read the experiments that SQL has found fit, and from when until when they run."""
    salt = published_holdout(snapshot).salt
    for row in _rows(snapshot, EXPERIMENTS):
        name, layer, own, variants, first, last, share, starts_at, ends_at = row
        parts = [part.split(":") for part in variants.split()]
        arms = tuple(Arm(arm, float(size), serves) for arm, size, serves in parts)
        experiment = Experiment(name, layer, own, arms, first, last, share, salt)
        yield experiment, starts_at.replace(tzinfo=UTC), ends_at.replace(tzinfo=UTC)


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
